/** `node infra/bootstrap.js infra/aws/build-lambda.ts [--config DIR] [--out FILE]`: writes the zip that template.yaml names. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { buildLambdaPackage } from './lambda-package.ts';

const { values } = parseArgs({
  options: { config: { type: 'string', default: '' }, out: { type: 'string', default: 'tidegate-lambda.zip' } },
});
const { zip, files } = await buildLambdaPackage({ config: values.config });
await writeFile(values.out, zip);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;
for (const { name, bytes } of files) process.stderr.write(`${name} ${megabytes(bytes.length)}\n`);
const digest = createHash('sha256').update(zip).digest('base64');
process.stdout.write(`${values.out} ${megabytes(zip.length)}, CodeSha256 ${digest}\n`);
