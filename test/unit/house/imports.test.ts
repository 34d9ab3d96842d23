import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { circles, coreOrder, outwardImports, readGraph } from './import-graph.ts';

const root = join(import.meta.dirname, '../../..');
const graph = readGraph(root);

describe('the import graph', () => {
  it('points inwards only, between layers and inside core, so that an idea can be understood without its users', () => {
    expect(graph.size).toBeGreaterThan(200);
    expect(outwardImports(graph)).toEqual([]);
  });

  it('has no circle: two files that need each other are one idea, or three', () => {
    expect(circles(graph)).toEqual([]);
  });

  it('would be caught if it turned: one import back up, and one circle, are both named', () => {
    const upwards = new Map(graph).set('core/judge/judge.ts', ['core/contract/queues.ts']);
    expect(outwardImports(upwards)).toEqual(['core/judge/judge.ts imports core/contract/queues.ts']);
    const outwards = new Map(graph).set('platform/abort.ts', ['activities/ports.ts']);
    expect(outwardImports(outwards)).toEqual(['platform/abort.ts imports activities/ports.ts']);
    const round = new Map([
      ['core/values/a.ts', ['core/values/b.ts']],
      ['core/values/b.ts', ['core/values/a.ts']],
    ]);
    expect(circles(round)).toEqual(['core/values/a.ts → core/values/b.ts → core/values/a.ts']);
  });

  it('knows every folder of core, so that a new one is given its place', () => {
    const folders = readdirSync(join(root, 'core'), { withFileTypes: true }).filter((one) => one.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual([...coreOrder].sort());
  });
});
