/** Writes docs/reference/errors.md: `node infra/docs/generate-errors.ts`. A test says when it is out of date. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorsPage } from './errors-page.ts';

await writeFile(join(import.meta.dirname, '..', '..', 'docs', 'reference', 'errors.md'), errorsPage());
