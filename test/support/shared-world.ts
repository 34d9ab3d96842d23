/** Clusters in memory whose versions and topology runs move side by side: records change by the functions of the activities. */
import { Context } from '@temporalio/activity';
import { statWeights } from '../../activities/record-store.ts';
import type { CommitInput, RestoreInput } from '../../core/contract/activities.ts';
import type { ShareServiceInput } from '../../core/contract/settle-activities.ts';
import type { VerifyMode, VerifyRoutingInput, VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import { restored, withoutLeaving, withShares, type ApplyRoutingInput } from '../../core/routing/changes.ts';
import { committed } from '../../core/routing/committed.ts';
import { partOf, type Part } from '../../core/routing/part.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { canonicalJson } from '../../core/values/canonical.ts';
import { WHOLE, type Shares } from '../../core/values/share.ts';
import { clusterNames, record, testConfig } from './facts.ts';
import { untilCancelled } from './fake-activities.ts';
import { settlingWorld, type SettlingWorld } from './settling-world.ts';

const [aws, gcp, onprem] = clusterNames;
/** Whom aws calls at first, and whom it shall call. */
export const proven: Shares = { [aws]: 900_000, [gcp]: 100_000 };
export const wanted: Shares = { [aws]: 500_000, [gcp]: 500_000 };

export interface SharedWorld extends SettlingWorld {
  /** Each happens once a cluster has entered. */
  readonly entered: (() => void)[];
  /** Each hears what cluster mesh is told. */
  readonly shares: ((input: ShareServiceInput) => void)[];
  /** Each happens once, while the traffic of a write is looked at. */
  readonly looked: Partial<Record<VerifyMode, () => void>>;
  /** Parts that cannot be restored now. */
  readonly held: Part[];
  /** What config wants of aws's calls now. */
  wanted: Shares;
  /** Of every restore that was asked for. */
  readonly back: Part[];
  /** Told by the next looks at traffic, the first of them first; empty: what the weights of aws say. */
  readonly proofs: VerifyRoutingResult['result'][];
}

/** Records change by the very functions of the activities; aws calls gcp, too. */
export function sharedWorld(service: string): SharedWorld {
  const at = (name: string): SettlingWorld['clusters'][string] => {
    const found = world.clusters[name];
    if (found === undefined) throw new RangeError(`no cluster ${name}`);
    return found;
  };
  const own = <T extends { readonly run: string }>(input: T): T => ({
    ...input,
    run: Context.current().info.workflowExecution?.runId ?? '',
  });
  const write = (name: string, next: RoutingRecord) => {
    at(name).record = next;
    return { cluster: name, changes: [], weights: statWeights(next), writtenAtMs: Date.now(), withdrawn: [] };
  };
  const entered: (() => void)[] = [];
  const shares: SharedWorld['shares'] = [];
  const looked: SharedWorld['looked'] = {};
  const held: Part[] = [];
  const back: Part[] = [];
  const proofs: VerifyRoutingResult['result'][] = [];
  // The traffic follows the record, whoever wrote it.
  const look = async ({ mode, targets }: VerifyRoutingInput): Promise<VerifyRoutingResult> => {
    looked[mode]?.();
    delete looked[mode];
    const follows = targets.every(
      ({ cluster, weights }) => canonicalJson(weights) === canonicalJson(statWeights(at(cluster.name).record)),
    );
    const told = mode === 'entered' ? 'verified' : proofs.shift();
    return { result: told ?? (follows ? 'verified' : 'contradicted'), proofs: [], verifiedAtMs: Date.now() };
  };
  const config = { wanted };
  const world = settlingWorld(service, {
    watchSlo: () => untilCancelled(),
    verifyRouting: look,
    verifyRestored: look,
    loadConfig: async () => {
      const topology = { [aws]: config.wanted, [gcp]: { [gcp]: WHOLE }, [onprem]: { [onprem]: WHOLE } };
      return testConfig({ name: service, drainMs: 1_000, topology });
    },
    applyRouting: async (input: ApplyRoutingInput) => {
      const done = write(input.cluster.name, withShares(at(input.cluster.name).record, own(input)));
      if (input.entering === true) for (const then of entered) then();
      return done;
    },
    restore: async (input: RestoreInput) => {
      back.push(partOf(input));
      if (held.includes(partOf(input))) throw new Error('it is held');
      return write(input.cluster.name, restored(at(input.cluster.name).record, own(input)));
    },
    commit: async (input: CommitInput) => {
      write(input.cluster.name, committed(at(input.cluster.name).record, own(input)));
      return [];
    },
    shareService: async (input: ShareServiceInput) => {
      for (const hear of shares) hear(input);
      return { action: 'configured', conflict: '' };
    },
    leaveClusters: async ({ cluster }: { cluster: { name: string } }) => {
      write(cluster.name, withoutLeaving(at(cluster.name).record));
      return [];
    },
  });
  const base = record(aws, { v1: WHOLE }, { service });
  const serves = { [aws]: { v1: WHOLE }, [gcp]: { v1: WHOLE } };
  at(aws).record = {
    ...base,
    topology: { ...base.topology, proven, current: proven },
    versions: { ...base.versions, proven: serves, current: serves },
  };
  return Object.assign(config, { ...world, entered, shares, looked, held, back, proofs });
}
