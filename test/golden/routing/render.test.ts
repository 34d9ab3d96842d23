/**
 * Each case is a folder: input-record.json (and input-options.json when there is no redirect) → expected-objects.yaml.
 * UPDATE_GOLDEN=1 rewrites what is expected; review reads the diff. What is expected must also please Cilium and Envoy.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import type { Manifest } from '../../../core/kube/objects.ts';
import { checkCec } from '../../../core/render/cilium-envoy/check/check.ts';
import { desiredObjects } from '../../../core/render/render.ts';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { edited, fieldPaths } from '../../unit/routing/edits.ts';
import { parseByCilium, refusalByEnvoy, type ParsedResources } from './cilium-and-envoy.ts';

const here = import.meta.dirname;
const cases = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** Getting the binaries may mean building Cilium's parts: 6 minutes on 2 cores; waiting for another build doubles it. */
const OBTAIN_LIMIT_MS = 1_800_000;

/** Some 40 runs of Cilium's parser at 0.2 s. */
const DIFFERENTIAL_LIMIT_MS = 120_000;

let binaries: { readonly 'cec-check': string; readonly envoy: string };

beforeAll(async () => {
  binaries = await obtainBinaries({ names: ['cec-check', 'envoy'], report: () => {} });
}, OBTAIN_LIMIT_MS);

const rendered = (name: string): Manifest[] => {
  const record = parseRecord(readFileSync(join(here, name, 'input-record.json'), 'utf8'), name);
  const options = join(here, name, 'input-options.json');
  const redirect = existsSync(options)
    ? (JSON.parse(readFileSync(options, 'utf8')) as { redirect: boolean }).redirect
    : true;
  return desiredObjects(record, { redirect });
};

const routeOf = (name: string): Manifest => rendered(name).at(-1) as Manifest;

const acceptedByCilium = (manifest: Manifest): ParsedResources => {
  const answer = parseByCilium(binaries['cec-check'], manifest);
  if (!answer.ok) throw new Error(`Cilium refuses at ${answer.stage}: ${answer.error}`);
  return answer;
};

describe.each(cases)('golden case %s', (name) => {
  it('renders what is expected', () => {
    const path = join(here, name, 'expected-objects.yaml');
    const objects = rendered(name);
    if (process.env['UPDATE_GOLDEN'] === '1')
      writeFileSync(path, objects.map((one) => stringify(one, { lineWidth: 0 })).join('---\n'));
    const expected = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as unknown);
    expect(objects).toEqual(expected);
  });

  it('passes the strict check, Cilium’s parser and Envoy', () => {
    const route = routeOf(name);
    expect(checkCec(route)).toEqual([]);
    const parsed = acceptedByCilium(route);
    expect(Object.keys(parsed.clusters)).toHaveLength(rendered(name).length - 1);
    expect(refusalByEnvoy(binaries.envoy, parsed)).toBe('');
  });
});

describe('what Cilium makes of a route', () => {
  it('is the same listener with and without redirect, so that turning it on or off drains no connection', () => {
    const { services: _, ...spec } = routeOf('canary-5-percent').spec as { services: unknown };
    const redirected = acceptedByCilium(routeOf('canary-5-percent'));
    const plain = acceptedByCilium({ ...routeOf('canary-5-percent'), spec });
    expect(plain).toEqual(redirected);
  });

  it(
    'is refused by the strict check whenever Cilium refuses it, whichever field is missing',
    () => {
      const route = routeOf('remote-stub-70-30');
      const passed = fieldPaths(route.spec)
        .map((path) => ({ ...route, spec: edited(route.spec, path, () => undefined) }))
        .filter((one) => checkCec(one).length === 0);
      expect(passed.length).toBeGreaterThan(20);
      for (const one of passed) acceptedByCilium(one);
    },
    DIFFERENTIAL_LIMIT_MS,
  );

  it('is not caught by Cilium when a route names a missing cluster; Envoy and the strict check do', () => {
    const route = routeOf('single-cluster');
    const bad = { ...route, spec: edited(route.spec, ['resources'], (old) => (old as unknown[]).slice(0, 2)) };
    expect(refusalByEnvoy(binaries.envoy, acceptedByCilium(bad))).toContain('unknown weighted cluster');
    expect(checkCec(bad)).not.toEqual([]);
  });
});
