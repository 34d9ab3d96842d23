/**
 * The package of the Lambda function: one file of JavaScript with everything that it needs (the client of Temporal, not the
 * worker), and the config beside it where that is given. Nothing in it is native, so it runs on both architectures.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import webpack, { type Configuration } from 'webpack';
import { refuse } from '../../core/values/error.ts';
import { zipOf, type ZipEntry } from './zip.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What AWS is told to invoke: the export `handler` of `index.js`. */
export const LAMBDA_HANDLER = 'index.handler';

export interface LambdaPackage {
  readonly zip: Buffer;
  readonly files: readonly ZipEntry[];
}

/** config: a directory of config documents that becomes `config/` in the package; empty = none. */
export async function buildLambdaPackage({ config }: { config: string }): Promise<LambdaPackage> {
  const out = await mkdtemp(join(tmpdir(), 'tidegate-lambda-'));
  try {
    await bundle(out);
    const code = await filesBelow(out);
    const documents = config === '' ? [] : await filesBelow(resolve(config));
    const files = [...code, ...documents.map((one) => ({ ...one, name: `config/${one.name}` }))];
    return { zip: zipOf(files), files };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

const settings = (out: string): Configuration => ({
  mode: 'production',
  target: 'node24',
  context: root,
  entry: { index: './functions/hosts/lambda/main.ts' },
  output: { path: out, filename: '[name].js', library: { type: 'commonjs2' } },
  // A stack trace in a log is worth more than half a megabyte.
  optimization: { minimize: false },
  devtool: false,
  performance: false,
  module: {
    rules: [
      {
        test: /\.ts$/,
        loader: 'swc-loader',
        options: { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' } },
      },
    ],
  },
});

async function bundle(out: string): Promise<void> {
  const compiler = webpack(settings(out));
  if (compiler === null) throw new Error('webpack gives a compiler where it gets no callback');
  const stats = await new Promise<string>((done, failed) => {
    compiler.run((error, result) => {
      if (error) failed(error);
      else done(result?.hasErrors() === true ? result.toString({ all: false, errors: true }) : '');
    });
  });
  await new Promise<void>((done) => compiler.close(() => done()));
  if (stats !== '')
    refuse('Invalid', `the function cannot be bundled:\n${stats}`, 'mend what is named, and start again');
}

async function filesBelow(directory: string): Promise<readonly ZipEntry[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return Promise.all(
    paths.map(async (path) => ({
      name: relative(directory, path).split(sep).join('/'),
      bytes: await readFile(path),
    })),
  );
}
