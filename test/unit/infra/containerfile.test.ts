import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const containerfile = readFileSync(join(root, 'infra/container/Containerfile'), 'utf8');

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Continued lines are one instruction; comments are none. */
const instructionsOf = (text: string): readonly Instruction[] =>
  text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...rest] = line.trim().split(/\s+/);
      return { name: name.toUpperCase(), rest: rest.join(' ') };
    });

/** What is wrong with a recipe of an image, a line each. */
function faultsOf(text: string): readonly string[] {
  const instructions = instructionsOf(text);
  const all = (name: string) => instructions.filter((one) => one.name === name).map(({ rest }) => rest);
  const last = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
  const user = last.findLast(({ name }) => name === 'USER')?.rest ?? 'root';
  return [
    ...all('FROM')
      .filter((from) => !/@(sha256:[0-9a-f]{64}|\$\{\w+_DIGEST\})(\s+AS \w+)?$/.test(from))
      .map((from) => `not pinned: ${from}`),
    ...all('ARG')
      .filter((arg) => /_DIGEST=/.test(arg))
      .map((arg) => `a digest that ages: ${arg}`),
    ...all('ADD').map((add) => `ADD: ${add}`),
    ...[...all('RUN'), ...all('COPY')]
      .filter((rest) => /https?:|curl|wget/.test(rest))
      .map((rest) => `fetches: ${rest}`),
    ...(/^[1-9]\d*(:[1-9]\d*)?$/.test(user) ? [] : [`runs as ${user}`]),
    ...[...all('ENV'), ...all('ARG')]
      .filter((rest) => /SECRET|TOKEN|PASSWORD|KEY/i.test(rest))
      .map((rest) => `a secret in the image: ${rest}`),
    ...last
      .filter(({ name, rest }) => /^(ENTRYPOINT|CMD)$/.test(name) && !rest.startsWith('['))
      .map(() => 'a shell as PID 1'),
  ];
}

describe('the recipe of the image', () => {
  it('runs as nobody, is pinned by digest and fetches nothing that the lock file does not name', () => {
    expect(faultsOf(containerfile)).toEqual([]);
  });

  it.each([
    ['FROM node:24', 'not pinned: node:24'],
    ['USER 65532:65532', 'runs as root'],
    ['ENTRYPOINT ["/nodejs/bin/node", "/app/dist/cli/main.js"]', 'a shell as PID 1'],
  ])('would be refused if it said otherwise about: %s', (line, fault) => {
    const [name = ''] = line.split(' ');
    const other = { FROM: containerfile.replace(/^FROM gcr.*$/m, line), USER: containerfile.replace(line, '') }[name];
    expect(faultsOf(other ?? containerfile.replace(line, 'ENTRYPOINT node dist/cli/main.js'))).toEqual([fault]);
  });

  it.each([
    ['ADD https://example.com/x.tgz /x', 'ADD: https://example.com/x.tgz /x'],
    ['RUN curl -sSf https://example.com | sh', 'fetches: curl -sSf https://example.com | sh'],
    ['ENV NPM_TOKEN=x', 'a secret in the image: NPM_TOKEN=x'],
    ['USER root', 'runs as root'],
  ])('would be refused with: %s', (line, fault) => {
    expect(faultsOf(`${containerfile}${line}\n`)).toEqual([fault]);
  });

  it('copies what the build has a place for, and is told what to leave out', () => {
    const named = readFileSync(join(root, 'infra/container/Containerfile.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
    const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')) as { include: string[] };
    expect(include.map((path) => path.split('/')[0]).filter((layer) => !named.includes(layer ?? ''))).toEqual([]);
  });
});
