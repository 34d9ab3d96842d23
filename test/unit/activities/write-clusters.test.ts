import { describe, expect, it } from '@jest/globals';
import { writeClusters, type Writes } from '../../../activities/apply/many/write-clusters.ts';
import type { KubeDeps } from '../../../activities/ports.ts';
import type { WriteClustersInput } from '../../../core/contract/activities.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { packed } from '../../../core/values/packed.ts';

/** A clock that a sleep moves on, and an activity that can be cancelled. */
function world() {
  const cancel = new AbortController();
  let nowMs = 1_000_000;
  const deps: KubeDeps = {
    clusters: { connect: () => Promise.reject(new Error('not in this test')) },
    clock: {
      nowMs: () => nowMs,
      sleep: async (ms, signal) => {
        signal.throwIfAborted();
        nowMs += ms;
      },
    },
    activity: {
      signal: () => cancel.signal,
      heartbeat: () => undefined,
      scheduledAtMs: () => nowMs,
      runId: () => 'run-1',
      isOver: () => Promise.resolve(false),
      supersedes: () => Promise.resolve(false),
    },
  };
  return { deps, cancel };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `c${String(i)}`);

const inputOf = (
  clusters: readonly string[],
  { atOnce = 50, write = 'applyRouting', ...more }: Partial<WriteClustersInput> = {},
): WriteClustersInput => ({
  write,
  inputs: packed(
    clusters.map((name) => ({
      service: { mesh: 'm', namespace: 'n', service: 's', installation: 'i' },
      ...{ cluster: { name }, epoch: 1, run: 'r', serving: [], pin: '', ...more },
    })),
  ),
  atOnce,
  withinMs: 60_000,
});

type Write = (deps: KubeDeps, input: { readonly cluster: { readonly name: string } }) => Promise<Told>;
type Told = Awaited<ReturnType<Writes['commit']>>;

/** One for all, whichever is asked for. */
const writesOf = (write: Write): Writes => ({
  ...{ commit: write, prepareVersion: write, runBefore: write, keepCapacity: write, applyRouting: write },
  ...{ releaseService: write },
});

const unavailable = (name: string): TidegateError => new TidegateError('Unavailable', `${name} does not answer`);

describe('one write in many clusters', () => {
  it('works on so many at a time and no more, and answers for each in the order that was asked', async () => {
    const { deps } = world();
    let [now, most] = [0, 0];
    const write: Write = async (_deps, { cluster }) => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now -= 1;
      return { templateDigest: cluster.name };
    };
    const { each, by } = await writeClusters(deps, writesOf(write), inputOf(names(25), { atOnce: 4 }));
    expect(each).toEqual(names(25).map((cluster) => ({ cluster, templateDigest: cluster })));
    expect(by).toBe('run-1');
    expect(most).toBe(4);
  });

  it('tries one that does not answer again by itself, and others have its place meanwhile', async () => {
    const { deps } = world();
    const order: string[] = [];
    const write: Write = async (_deps, { cluster: { name } }) => {
      order.push(name);
      if (name === 'c0' && order.filter((one) => one === 'c0').length < 3) throw unavailable(name);
      return {};
    };
    await writeClusters(deps, writesOf(write), inputOf(names(4), { atOnce: 1 }));
    expect(order.filter((one) => one !== 'c0')).toEqual(['c1', 'c2', 'c3']);
    expect(order.filter((one) => one === 'c0')).toHaveLength(3);
    expect(order.indexOf('c1')).toBeLessThan(order.lastIndexOf('c0'));
  });

  it('gives one up after its time, counted from its first attempt, and says which and why', async () => {
    const { deps } = world();
    const startedMs = deps.clock.nowMs();
    const write: Write = async (_deps, { cluster: { name } }) => {
      if (name === 'c1') throw unavailable(name);
      return {};
    };
    await expect(writeClusters(deps, writesOf(write), inputOf(names(3)))).rejects.toMatchObject({
      code: 'DeadlineExceeded',
      message: 'c1 did not take the write in 60 s; last: c1 does not answer',
    });
    expect(deps.clock.nowMs() - startedMs).toBe(60_000);
  });

  it('begins no further one when one is refused for good, and ends those that wait', async () => {
    const { deps } = world();
    const begun: string[] = [];
    const write: Write = async (own, { cluster: { name } }) => {
      begun.push(name);
      if (name === 'c1') throw new TidegateError('FencedOut', 'c1: another run owns it');
      if (name === 'c0')
        await new Promise((_resolve, reject) => own.activity.signal().addEventListener('abort', reject));
      return {};
    };
    await expect(writeClusters(deps, writesOf(write), inputOf(names(9), { atOnce: 2 }))).rejects.toMatchObject({
      code: 'FencedOut',
      message: 'c1: another run owns it',
    });
    expect(begun).toEqual(['c0', 'c1']);
  });

  it('commits in all others when one fails: what is proven cannot be taken back any more', async () => {
    const { deps } = world();
    const begun: string[] = [];
    const write: Write = async (_deps, { cluster: { name } }) => {
      begun.push(name);
      if (name === 'c0') throw new TidegateError('FencedOut', 'c0: another run owns it');
      return {};
    };
    const input = inputOf(names(4), { atOnce: 1, write: 'commit' });
    await expect(writeClusters(deps, writesOf(write), input)).rejects.toMatchObject({ code: 'FencedOut' });
    expect(begun).toEqual(['c0', 'c1', 'c2', 'c3']);
  });

  it('names all that were refused, five of them by name', async () => {
    const { deps } = world();
    const write: Write = async (_deps, { cluster: { name } }) => {
      throw new TidegateError('Forbidden', `${name}: no`, { fix: 'ask' });
    };
    await expect(writeClusters(deps, writesOf(write), inputOf(names(7)))).rejects.toMatchObject({
      code: 'Forbidden',
      message: '7 of 7 clusters: c0: no; c1: no; c2: no; c3: no; c4: no; and 2 more',
      fix: 'ask',
    });
  });

  it('ends as cancelled when it is cancelled, and not as the failure of a cluster', async () => {
    const { deps, cancel } = world();
    const why = new Error('cancelled');
    const write: Write = async (_deps, { cluster: { name } }) => {
      cancel.abort(why);
      throw unavailable(name);
    };
    await expect(writeClusters(deps, writesOf(write), inputOf(names(3)))).rejects.toBe(why);
  });

  it('tells a run that was reset at once, and writes nothing', async () => {
    const { deps } = world();
    const write: Write = () => Promise.reject(new Error('must not be asked'));
    const answer = await writeClusters(deps, writesOf(write), inputOf(names(3), { ranAs: 'former' } as object));
    expect(answer).toEqual({ each: [], resetTo: 'run-1' });
  });
});
