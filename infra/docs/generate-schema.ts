/** Writes docs/reference/schema/*.schema.json: `node infra/docs/generate-schema.ts`. A test says when they are out of date. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { jsonSchemas } from '../../core/config/json-schema.ts';

const directory = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'schema');
await mkdir(directory, { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas())) {
  await writeFile(join(directory, name), await format(JSON.stringify(schema), { parser: 'json', printWidth: 120 }));
}
