/** People and tools with the right to do what they do: edits by hand, a second start, Temporal's own buttons. */
import { DEFAULT_INSTALLATION } from '../../../core/contract/installation.ts';
import { guardWorkflowId, settleWorkflowId } from '../../../core/contract/workflow-ids.ts';
import { workflowNames } from '../../../core/contract/messages.ts';
import { labels } from '../../../core/kube/labels.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { assertEventually } from '../../support/eventually.ts';
import { limits } from '../../support/limits.ts';
import { weightedNames, weightsIn, withEditedWeights } from '../../lab/cec-weights.ts';
import { aws, type Fault, type Scene } from '../scene.ts';

const cecs = '/apis/cilium.io/v2/namespaces/shop/ciliumenvoyconfigs';
const frontend = '/api/v1/namespaces/shop/services/basket';
const TENTH = WHOLE / 10;
const service = { mesh: 'shop', namespace: 'shop', service: 'basket' };

/** Nine tenths for the version that served before, one for the next one: as somebody does who wants to help. */
async function editWeights({ stage, before }: Scene): Promise<void> {
  const { spec, metadata } = await stage.basket.cec(aws);
  const names = weightedNames(spec);
  const old = names.findIndex((name) => name.includes(`basket-${before}-`));
  const other = names.findIndex((_, i) => i !== old);
  const edited = names.map((_, i) => (i === old ? WHOLE - TENTH : i === other ? TENTH : 0));
  if (old < 0 || other < 0 || edited.join() === weightsIn(spec).join())
    throw new Error(`there is no weight to edit: ${names.join(', ')} have ${weightsIn(spec).join(', ')}`);
  await stage.rig.admin(aws).merge(`${cecs}/${metadata.name}`, { spec: withEditedWeights(spec, edited) });
}

const editPin = ({ stage }: Scene): Promise<unknown> =>
  stage.rig.admin(aws).merge(frontend, { spec: { selector: { [labels.version]: null } } });

async function deleteCec(scene: Scene): Promise<void> {
  const { metadata } = await scene.stage.basket.cec(aws);
  scene.lost = await scene.stage.basket.record(aws);
  await scene.stage.rig.admin(aws).remove(`${cecs}/${metadata.name}`);
}

/** As the remedy says: what was deleted comes back by an adoption. Another end has written it already. */
async function adoptAgain({ stage }: Scene): Promise<void> {
  const { basket } = stage;
  if (
    await basket.record(aws).then(
      () => true,
      () => false,
    )
  )
    return;
  await assertEventually(async () => void (await basket.begin({ kind: 'adopt' })), limits.phase);
  const { outcome, reason } = await basket.end();
  if (outcome !== 'promoted') throw new Error(`adopting again ended ${String(outcome)}: ${reason}`);
}

/** What nobody woke the settler for is found by the next audit of the schedule: here it comes at once. */
const auditComesBy = async ({ stage }: Scene): Promise<void> => void (await stage.rig.tidegate('audit', 'basket'));

/** Refused by name, for a change is under way: to take it, silence and a crash are faults. */
async function startSecond({ stage, version }: Scene): Promise<void> {
  try {
    await stage.basket.deploy(`${version}-raced`);
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'Conflict') return;
    throw error;
  }
  throw new Error('a second change was taken while one was under way');
}

/** Ids of the open workflows of that type that belong to the service. */
async function open({ stage }: Scene, type: string, prefix: string): Promise<string[]> {
  const ids: string[] = [];
  const query = `WorkflowType = '${type}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of stage.rig.client.workflow.list({ query }))
    if (workflowId.startsWith(prefix)) ids.push(workflowId);
  return ids;
}

/** One at least: what ended nothing broke nothing. */
async function terminateAll({ stage }: Scene, ids: () => Promise<readonly string[]>): Promise<void> {
  await assertEventually(async () => {
    const found = await ids();
    const ended = await Promise.allSettled(
      found.map((id) => stage.rig.client.workflow.getHandle(id).terminate('chaos')),
    );
    if (!ended.some(({ status }) => status === 'fulfilled'))
      throw new Error(`there was nothing to terminate: ${found.join(', ') || 'none is open'}`);
  });
}

const guards = guardWorkflowId(DEFAULT_INSTALLATION, { ...service, part: 'versions', epoch: 0 }).replace(/0$/, '');
const act = { lastsMs: 0, ofRuns: true as const };

export const peopleFaults: readonly Fault[] = [
  {
    name: 'weights-edited',
    what: "somebody edits the weights of aws's route; after the end the audit comes by",
    ...act,
    inject: editWeights,
    mendAfterEnd: auditComesBy,
  },
  {
    name: 'pin-edited',
    what: "somebody takes the version out of the selector of aws's frontend; after the end the audit comes by",
    ...act,
    mendAfterEnd: auditComesBy,
    inject: async (scene) => void (await editPin(scene)),
  },
  {
    name: 'cec-deleted',
    what: 'somebody deletes the CiliumEnvoyConfig of aws',
    lastsMs: 0,
    inject: deleteCec,
    mend: adoptAgain,
  },
  { name: 'second-start', what: 'a second deploy is started meanwhile', ...act, inject: startSecond },
  {
    name: 'rollout-terminated',
    what: 'the rollout is terminated in Temporal',
    ...act,
    inject: async ({ run }) => void (await run?.terminate('chaos')),
  },
  {
    name: 'rollout-cancelled',
    what: 'the rollout is cancelled in Temporal',
    ...act,
    inject: async ({ run }) => void (await run?.cancel()),
  },
  {
    name: 'guard-terminated',
    what: "the run's guard is terminated in Temporal, and the audit comes by after the end",
    ...act,
    mend: auditComesBy,
    inject: async (scene) => terminateAll(scene, () => open(scene, workflowNames.guard, guards)),
  },
  {
    name: 'settler-terminated',
    what: 'the settler is terminated in Temporal, and the audit comes by',
    ...act,
    mend: auditComesBy,
    inject: async (scene) => terminateAll(scene, async () => [settleWorkflowId(DEFAULT_INSTALLATION, service)]),
  },
];
