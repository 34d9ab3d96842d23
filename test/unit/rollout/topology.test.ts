/** Plans that move calls between serving clusters, and plans of versions that meet them. */
import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../core/rollout/change.ts';
import { planChange } from '../../../core/rollout/plan/plan-change.ts';
import { strataOf } from '../../../core/rollout/plan/strata.ts';
import type { PlanInput } from '../../../core/rollout/plan/versions.ts';
import type { RunningRollout, RunningStatus } from '../../../core/rollout/running.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { planText } from '../../../core/view/plan-text.ts';
import { WHOLE, type Shares } from '../../../core/values/share.ts';
import type { ClusterFacts } from '../../../core/workload/facts.ts';
import { clusterNames, facts, record, testConfig, testRead, unadopted, workload } from '../../support/facts.ts';

const [aws, gcp, onprem] = clusterNames;
const move: Change = { kind: 'topology' };
const deploy: Change = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' };
const half = { [aws]: 500_000, [gcp]: 500_000 };
const wanting = (topology: Readonly<Record<string, Shares>>) =>
  testConfig({
    topology: { [aws]: { [aws]: WHOLE }, [gcp]: { [gcp]: WHOLE }, [onprem]: { [onprem]: WHOLE }, ...topology },
  });

const plan = (input: Partial<PlanInput> = {}) =>
  planChange({ config: wanting({ [aws]: half }), read: testRead(), change: move, beside: {}, ...input });

const running = (part: string, phase: string, rest: Partial<RunningStatus> = {}): RunningRollout => ({
  workflowId: `rollout:default:shop:shop:checkout:${part}`,
  runId: 'run-1',
  status: { phase, ...rest } as RunningStatus,
});

/** A record whose topology is on its way from proven to current. */
const routed = (cluster: string, { proven, current = proven }: { proven: Shares; current?: Shares }): RoutingRecord => {
  const base = record(cluster, { v1: WHOLE });
  const serves = Object.fromEntries(Object.keys({ ...proven, ...current }).map((name) => [name, { v1: WHOLE }]));
  return {
    ...base,
    topology: { ...base.topology, proven, current },
    versions: { ...base.versions, proven: serves, current: serves },
  };
};

describe('a topology move', () => {
  it('is one wave of one step over the clients that differ, and a newcomer brings what is proven there', () => {
    const { part, waves, onBreach, version, beside, owners } = plan();
    expect([part, onBreach, version, beside]).toEqual(['topology', 'all', 'new topology', { versions: '' }]);
    expect(owners?.[aws]).toEqual({ epoch: 1, run: 'r' });
    expect(waves).toEqual([
      {
        ...{ name: 'topology', serving: [gcp], clients: [aws], enter: {}, skipped: [] },
        steps: [
          {
            ...{ share: WHOLE, bakeMs: 10_000, approve: false },
            topology: { [aws]: { shares: half, serves: { [gcp]: { v1: WHOLE } } } },
          },
        ],
      },
    ]);
  });

  it('is judged by what its gaining clusters serve, against the objectives alone: nothing is replaced there', () => {
    const planned = plan();
    expect(strataOf(planned, { shares: { [gcp]: WHOLE }, wave: 0 }, {})).toMatchObject([
      { serving: gcp, newVersion: 'v1', oldVersion: '', clients: [aws, gcp] },
    ]);
  });

  it('is shown as who answers whose calls, now and then, and makes no Deployment', () => {
    const text = planText({ plan: plan(), topology: { [aws]: { [aws]: WHOLE } } });
    expect(text).toContain(`${aws} 100 % → 50 %, ${gcp} 0 % → 50 %`);
    expect(text).toContain(`${aws}: CiliumEnvoyConfig shop/tidegate-checkout`);
    expect(text).not.toContain('Deployment');
  });

  it('is refused where calls go as the document says already, and where nothing is adopted', () => {
    expect(() => plan({ config: wanting({}) })).toThrow('nothing to do');
    expect(() => plan({ config: testConfig() })).toThrow('calls go where the Service document says already');
    expect(() => plan({ read: unadopted() })).toThrow('is not adopted');
  });

  it('leaves alone who is not adopted yet: it gets its topology with its adoption', () => {
    const config = wanting({ [aws]: half, [onprem]: half });
    const fresh = { record: null, workloads: [workload('v1', { managed: false })] };
    expect(plan({ config, read: testRead({ [onprem]: fresh }) }).waves[0]?.clients).toEqual([aws]);
  });

  it('comes back to a cluster that nobody calls any more by what it is pinned to, while that is ready', () => {
    const drained: Partial<ClusterFacts> = { record: { ...routed(gcp, { proven: { [aws]: WHOLE } }), pin: 'v1' } };
    const config = wanting({ [aws]: half, [gcp]: { [aws]: WHOLE } });
    const back = plan({ config, read: testRead({ [gcp]: drained }) });
    expect(back.waves[0]?.steps[0]?.topology?.[aws]?.serves).toEqual({ [gcp]: { v1: WHOLE } });
    const cold = { ...drained, workloads: [workload('v1', { ready: 0 })] };
    expect(() => plan({ config, read: testRead({ [gcp]: cold }) })).toThrow('nothing of checkout is proven there');
  });

  it('brings what is warm in a newcomer, too: an undo gives that a share in its first write', () => {
    const base = record(gcp, { v2: WHOLE });
    const warm = { ...base, versions: { ...base.versions, current: { [gcp]: { v1: 0, v2: WHOLE } } } };
    const moved = plan({ read: testRead({ [gcp]: { record: warm } }) });
    expect(moved.waves[0]?.steps[0]?.topology?.[aws]?.serves).toEqual({ [gcp]: { v1: 0, v2: WHOLE } });
  });

  it('goes on beside a rollout of the versions as long as nobody calls a cluster anew', () => {
    const versions = running('versions', 'baking');
    expect(() => plan({ beside: { versions } })).toThrow('would call gcp-europe-west1 anew');
    const known = { [aws]: { record: routed(aws, { proven: { [aws]: 900_000, [gcp]: 100_000 } }) } };
    expect(plan({ read: testRead(known), beside: { versions } }).beside).toEqual({ versions: 'run-1' });
  });

  it('is refused beside a release, and beside a run of the versions that may be one', () => {
    const known = testRead({ [aws]: { record: routed(aws, { proven: { [aws]: 900_000, [gcp]: 100_000 } }) } });
    const beside = (versions: RunningRollout) => () => plan({ read: known, beside: { versions } });
    expect(beside(running('versions', 'releasing', { kind: 'release' }))).toThrow('is being released');
    expect(beside({ ...running('versions', ''), status: null })).toThrow('does not answer');
  });

  it('keeps a release from beginning, in whatever phase it is: both write the routes', () => {
    const release = (beside: PlanInput['beside']) => () =>
      plan({ change: { kind: 'release' }, ...(beside && { beside }) });
    expect(release({ topology: running('topology', 'baking') })).toThrow(
      /a release takes the routes away.*--part topology/s,
    );
    expect(release({})).not.toThrow();
  });

  it('goes on beside the commit of a deploy, in which clients differ for a moment', () => {
    const known = { proven: { [aws]: 900_000, [gcp]: 100_000 } };
    const ahead = record(gcp, { v2: WHOLE });
    const read = testRead({ [aws]: { record: routed(aws, known) }, [gcp]: { record: ahead } });
    expect(() => plan({ read })).toThrow('differ in what is proven');
    expect(plan({ read, beside: { versions: running('versions', 'committing') } }).waves).toHaveLength(1);
  });

  it('is refused while the versions are half moved and no run owns them, and the other way round', () => {
    const base = record(aws, { v1: WHOLE });
    const moved = { ...base, versions: { ...base.versions, current: { [aws]: { v1: 500_000, v2: 500_000 } } } };
    expect(() => plan({ read: testRead({ [aws]: { record: moved } }) })).toThrow('at once: tidegate restore checkout');
    const shifted = testRead({ [aws]: { record: routed(aws, { proven: { [aws]: WHOLE }, current: half }) } });
    expect(() => plan({ change: deploy, read: shifted })).toThrow('tidegate restore checkout --part topology');
    expect(() => plan({ change: { kind: 'undo', version: 'v1' }, read: shifted })).toThrow(
      'every cluster already serves',
    );
  });
});

describe('a deploy beside a topology move', () => {
  const shifting = testRead({ [aws]: { record: routed(aws, { proven: { [aws]: WHOLE }, current: half }) } });

  it('takes the clients of both: those that call the cluster now, and those that will if the move goes back', () => {
    const topology = running('topology', 'baking');
    const { waves, routes, beside } = plan({ change: deploy, read: shifting, beside: { topology } });
    expect(waves.map(({ clients }) => clients)).toEqual([[aws], [aws, gcp, onprem]]);
    expect([routes[gcp], beside]).toEqual([[aws, gcp], { topology: 'run-1' }]);
    const leaving = routed(aws, { proven: half, current: { [aws]: WHOLE, [gcp]: 0 } });
    const back = plan({ change: deploy, read: testRead({ [aws]: { record: leaving } }), beside: { topology } });
    expect(back.routes[gcp]).toEqual([aws, gcp]);
  });

  it('checks who answers if the move goes back as it checks who answers now: the waves go there, too', () => {
    // Calls of aws and gcp leave gcp; they come back if the move does.
    const leaving = (cluster: string, proven: Shares): Partial<ClusterFacts> => ({
      record: routed(cluster, { proven, current: { [aws]: WHOLE, [gcp]: 0 } }),
    });
    const ask = (there: Partial<ClusterFacts>) => () =>
      plan({
        change: deploy,
        read: testRead({ [aws]: leaving(aws, half), [gcp]: { ...leaving(gcp, { [gcp]: WHOLE }), ...there } }),
        beside: { topology: running('topology', 'baking') },
      });
    expect(ask({})).not.toThrow();
    expect(ask({ workloads: [] })).toThrow(`${gcp}/shop: no Deployment behind checkout`);
    const { frontend } = facts(gcp);
    const renamed = frontend === null ? frontend : { ...frontend, portName: 'web' };
    expect(ask({ frontend: renamed })).toThrow(`in ${aws} is called web in ${gcp}`);
  });

  it('waits for one that is paused before its first share, or does not answer, and is told how to end it', () => {
    const paused = running('topology', 'paused');
    const at = (step: number): RunningRollout => ({ ...paused, status: { ...paused.status, step } as RunningStatus });
    expect(() => plan({ change: deploy, beside: { topology: at(0) } })).toThrow('just beginning');
    expect(plan({ change: deploy, beside: { topology: at(1) } }).beside).toEqual({ topology: 'run-1' });
    const silent = { ...paused, status: null };
    expect(() => plan({ change: deploy, beside: { topology: silent } })).toThrow('does not answer');
    expect(() => plan({ change: { kind: 'undo' }, beside: { topology: silent } })).toThrow(
      'tidegate rollout abort checkout --part topology',
    );
  });

  it.each(['preparing', 'entering', 'applying'])(
    'waits while that is %s: the records do not say yet who calls whom',
    (phase) => {
      expect(() => plan({ change: deploy, beside: { topology: running('topology', phase) } })).toThrow(
        'just beginning',
      );
    },
  );
});

it('a restore names its part, and whose it takes', () => {
  const base = facts(aws).record;
  const own = base === null ? base : { ...base, topology: { ...base.topology, epoch: 7, run: 'mover' } };
  const restore = plan({ change: { kind: 'restore', part: 'topology' }, read: testRead({ [aws]: { record: own } }) });
  expect([restore.part, restore.version, restore.owners?.[aws], restore.beside]).toEqual([
    'topology',
    'the proven topology',
    { epoch: 7, run: 'mover' },
    undefined,
  ]);
});
