import { describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validateCommand } from '../../../cli/local/validate.ts';
import { jsonSchemas } from '../../../core/config/json-schema.ts';
import { createConfigLoader } from '../../../platform/config/load.ts';
import { meshText, serviceText } from './documents.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const examples = join(root, 'docs', 'examples');

const withFiles = async (
  files: Record<string, string | Buffer>,
  use: (directory: string) => Promise<void>,
): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'tidegate-config-'));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
};

const validate = async (
  paths: readonly string[],
  output?: 'json',
): Promise<{ code: number; stdout: string; stderr: string }> => {
  let [stdout, stderr] = ['', ''];
  const code = await validateCommand(
    { paths, ...(output === undefined ? {} : { output }) },
    { stdout: (text) => void (stdout += text), stderr: (text) => void (stderr += text) },
  );
  return { code, stdout, stderr };
};

describe('createConfigLoader', () => {
  it('parses again only where a text has changed, and a template in another folder is such a text', async () => {
    const read = (name: string): Promise<string> => readFile(join(examples, name), 'utf8');
    const template = await read('workloads/checkout.yaml');
    const files = { 'mesh.yaml': await read('mesh.yaml'), 'checkout.yaml': await read('checkout.yaml') };
    await withFiles(files, async (directory) => {
      const write = (text: string): Promise<void> => writeFile(join(directory, 'workloads', 'checkout.yaml'), text);
      const loader = createConfigLoader({ directory });
      const load = () => loader.load({ service: 'checkout' });
      const templateOf = async (): Promise<unknown> => (await load()).service.podTemplate;
      await expect(load()).rejects.toThrow('workloads/checkout.yaml');
      await mkdir(join(directory, 'workloads'));
      await write(template);
      const first = await templateOf();
      for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
      expect(await templateOf()).toBe(first);
      const { config, events } = await loader.loadWithEvents({ service: 'checkout' });
      expect([config.service.podTemplate, events]).toEqual([first, (await loader.loadFrontDoor()).events]);
      await write(template.replace('checkout:v1', 'checkout:v9'));
      expect(await templateOf()).not.toEqual(first);
      await write(template);
      expect(await templateOf()).toEqual(first);
    });
  });

  it('loads the examples, with paths from the folder of their file and a digest that knows no machine', async () => {
    const loader = createConfigLoader({ directory: examples });
    const { mesh, service, digest } = await loader.load({ service: 'checkout' });
    expect(mesh.clusters[0]?.ref.access).toEqual({
      kind: 'kubeconfig',
      path: join(examples, 'kubeconfigs', 'shop.yaml'),
      context: 'aws-us-east-1',
    });
    expect(service.podTemplate).toMatchObject({ spec: { containers: [{ name: 'checkout' }] } });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await loader.loadMesh()).toEqual(mesh);
    const all = await loader.loadServices({});
    expect(all).toEqual({ mesh, services: [{ mesh, service, digest }] });
    expect((await loader.loadServices({ namespace: 'elsewhere' })).services).toEqual([]);
    const copies = Object.fromEntries(
      await Promise.all(
        ['mesh.yaml', 'checkout.yaml'].map(
          async (name) => [name, await readFile(join(examples, name), 'utf8')] as const,
        ),
      ),
    );
    await withFiles(copies, async (directory) => {
      await symlink(join(examples, 'workloads'), join(directory, 'workloads'));
      expect((await createConfigLoader({ directory }).load({ service: 'checkout' })).digest).toBe(digest);
    });
  });

  it('throws one error with one line per problem, or people would mend them one by one', async () => {
    const files = { 'mesh.yaml': meshText.replace('id: 1', 'id: 0'), 'checkout.yaml': serviceText('  warm: 1h\n') };
    await withFiles(files, async (directory) => {
      const error = await createConfigLoader({ directory })
        .load({ service: 'checkout' })
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'Invalid', fix: expect.stringContaining('tidegate validate') });
      expect(String(error)).toContain(`the config has 2 problems:
${directory}/checkout.yaml:6: spec.warm: unknown key warm`);
      expect(String(error)).toContain(`${directory}/mesh.yaml:7: spec.clusters[0].cilium.id: must be at least 1`);
    });
  });

  it('reads links, since a mounted ConfigMap is a folder of them', async () => {
    await withFiles({ '.mesh': meshText, 'checkout.yml': serviceText() }, async (directory) => {
      await symlink(join(directory, '.mesh'), join(directory, 'mesh.yaml'));
      expect(await createConfigLoader({ directory }).validate([])).toEqual([]);
    });
  });

  it('reports files that cannot be read beside the problems of the others', async () => {
    const files = {
      'mesh.yaml': meshText,
      'large.yaml': ' '.repeat(1_048_577),
      'latin.yaml': Buffer.from([0x61, 0xe4]),
    };
    await withFiles(files, async (directory) => {
      const problems = await createConfigLoader({ directory }).validate([directory, join(directory, 'none.yaml')]);
      expect(problems.map(({ reason }) => reason)).toEqual([
        'the file is larger than 1048576 bytes',
        'is not UTF-8 text',
        'there is no such file or folder',
      ]);
    });
  });
});

describe('tidegate validate', () => {
  it('accepts the examples of the documentation', async () => {
    expect(await validate([examples])).toEqual({ code: 0, stdout: '', stderr: 'The config is valid.\n' });
  });

  it('ends with 2 and one line per problem; as JSON with the problems themselves', async () => {
    await withFiles({ 'checkout.yaml': serviceText() }, async (directory) => {
      const file = join(directory, 'checkout.yaml');
      expect(await validate([file])).toEqual({
        code: 2,
        stdout: `${file}:5: spec.mesh: there is no mesh shop (there is no Mesh document among these files)\n`,
        stderr: '1 problem. Nothing was changed.\n',
      });
      const { code, stdout } = await validate([file], 'json');
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({ valid: false, problems: [{ file, line: 5, path: 'spec.mesh' }] });
    });
  });
});

describe('published JSON Schemas', () => {
  it('are those that the schemas in code give; run `node infra/docs/generate-schema.ts` when they differ', async () => {
    const directory = join(root, 'docs', 'reference', 'schema');
    const committed = await Promise.all(
      (await readdir(directory)).map(
        async (name) => [name, JSON.parse(await readFile(join(directory, name), 'utf8'))] as const,
      ),
    );
    expect(Object.fromEntries(committed)).toEqual(JSON.parse(JSON.stringify(jsonSchemas())));
  });
});
