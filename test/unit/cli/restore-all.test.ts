/** `restore --from-cluster`: tried again, side by side, and its exit code tells the whole truth. */
import { describe, expect, it } from '@jest/globals';
import { restoreAll, type BringOneBack } from '../../../cli/rollouts/restore-all.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { textIo, type TextIo } from '../../support/text-io.ts';

const clusters = ['aws', 'gcp', 'onprem'];

/** A terminal whose clock is its pauses. */
function clocked(signal = new AbortController().signal): { io: TextIo; pauses: number[] } {
  const io = textIo();
  const pauses: number[] = [];
  const at = { ms: 0 };
  const sleep = async (ms: number): Promise<void> => {
    pauses.push(ms);
    at.ms += ms;
  };
  return { io: Object.assign(Object.create(io) as TextIo, { now: () => at.ms, sleep, signal }), pauses };
}

const run = (bringBack: BringOneBack, { io } = clocked(), absent = {}): Promise<number> =>
  restoreAll({ service: 'checkout', clusters, absent }, bringBack, io);

const down = (): TidegateError => new TidegateError('Unavailable', 'connect ECONNREFUSED');

describe('restore --from-cluster', () => {
  it('exits 3 when every cluster is restored, as a restore through Temporal does', async () => {
    const scene = clocked();
    expect(await run(async () => 'CiliumEnvoyConfig/tidegate-checkout configured', scene)).toBe(3);
    for (const name of clusters)
      expect(scene.io.out).toContain(`${name}: CiliumEnvoyConfig/tidegate-checkout configured`);
    expect(scene.io.err).toMatch(/^restored: aws, gcp, onprem\./);
  });

  it('exits 0 where there is nothing to restore', async () => {
    const scene = clocked();
    expect(await run(async () => undefined, scene)).toBe(0);
    expect(scene.io.err).toMatch(/no cluster has a record of checkout/);
  });

  it('tries a cluster again that does not answer, with a line for each attempt', async () => {
    const scene = clocked();
    let attempts = 0;
    const code = await run(async (name) => {
      if (name === 'gcp' && ++attempts < 4) throw down();
      return 'it was back already';
    }, scene);
    expect([code, attempts]).toEqual([3, 4]);
    expect(scene.pauses).toEqual([500, 1_000, 2_000]);
    expect(scene.io.err).toContain('gcp: attempt 3 failed: connect ECONNREFUSED; again in 2 s');
  });

  it('exits 4 when one stays away for two minutes, and says what is where', async () => {
    const scene = clocked();
    const code = await run(async (name) => (name === 'gcp' ? Promise.reject(down()) : 'it was back already'), scene);
    expect(code).toBe(4);
    expect(scene.io.err).toContain('not restored: gcp; restored: aws, onprem.');
    expect(scene.pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(120_000);
    expect(scene.pauses.length).toBeGreaterThan(10);
  });

  it('writes the others at once while one hangs', async () => {
    const stop = new AbortController();
    const scene = clocked(stop.signal);
    const done: string[] = [];
    const hung = run(async (name) => {
      if (name === 'aws') return new Promise<string>(() => undefined);
      done.push(name);
      if (done.length === 2) queueMicrotask(() => stop.abort(new Error('interrupted')));
      return 'it was back already';
    }, scene);
    expect(await hung).toBe(4);
    expect(done).toEqual(['gcp', 'onprem']);
    expect(scene.io.err).toContain('aws: attempt 1 failed: interrupted');
  });

  it('does not repeat what stays wrong', async () => {
    const scene = clocked();
    const foreign = new TidegateError('Foreign', 'another CEC', { fix: 'remove it' });
    const code = await run(async (name) => (name === 'gcp' ? Promise.reject(foreign) : 'it was back already'), scene);
    expect([code, scene.pauses]).toEqual([4, []]);
    expect(scene.io.err).toContain('gcp: attempt 1 failed: another CEC (remove it)\n');
  });

  it('does not ask who is left out, and names them', async () => {
    const scene = clocked();
    const asked: string[] = [];
    const code = await run(async (name) => (asked.push(name), 'done'), scene, { gcp: 'left out by --without' });
    expect([code, asked]).toEqual([3, ['aws', 'onprem']]);
    expect(scene.io.out).toContain(
      'gcp: left out by --without; it keeps its last route until: tidegate restore checkout',
    );
  });

  it('names the part that it was asked for: another restore would bring back another one', async () => {
    const { io } = clocked();
    const absent = { gcp: 'left out by --without' };
    await restoreAll({ service: 'checkout', clusters, absent, part: 'topology' }, async () => 'done', io);
    expect(io.out).toContain('until: tidegate restore checkout --part topology');
  });
});
