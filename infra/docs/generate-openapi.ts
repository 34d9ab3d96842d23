/** Writes docs/reference/openapi.json: `node infra/docs/generate-openapi.ts`. A test says when it is out of date. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { openApiDocument } from '../../functions/openapi/document.ts';

const target = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'openapi.json');
await writeFile(target, await format(JSON.stringify(openApiDocument()), { parser: 'json', printWidth: 120 }));
