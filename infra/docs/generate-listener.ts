/** Writes docs/reference/listener.md: `node infra/docs/generate-listener.ts`. A test says when it is out of date. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listenerPage } from './listener-page.ts';

await writeFile(join(import.meta.dirname, '..', '..', 'docs', 'reference', 'listener.md'), listenerPage());
