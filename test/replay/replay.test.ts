import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { messageNames, workflowNames } from '../../core/contract/messages.ts';
import { queueOf } from '../../core/contract/queues.ts';
import { changeKinds } from '../../core/rollout/change.ts';
import type { SettlePhase } from '../../core/contract/messages.ts';
import type { Outcome, Phase } from '../../core/rollout/machine/state.ts';
import { workflowBundleOf } from '../support/workflow-bundle.ts';
import { limits } from '../support/limits.ts';
import { readHistories, releases, UNRELEASED } from './histories.ts';
import { attributesOf, eventsOf, fieldOf, patchOf, payloadsOf, subjectOf, type HistoryEvent } from './recorded.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const histories = releases().flatMap((release) =>
  readHistories(release).map((one) => ({ ...one, release, events: eventsOf(one.history) })),
);

describe('recorded histories', () => {
  let workflowBundle: WorkflowBundleWithSourceMap;

  beforeAll(async () => {
    workflowBundle = await workflowBundleOf();
  }, limits.workerReady);

  it(
    'replay with the workflows of today: a deploy of Tidegate must not break runs that are under way',
    async () => {
      // The number keeps apart what took the same workflow id.
      const given = histories.map(({ history, workflowId }, i) => ({ history, workflowId: `${workflowId}#${i}` }));
      const broken: string[] = [];
      for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, given)) {
        const one = histories[Number(workflowId.split('#').at(-1))];
        if (error !== undefined) broken.push(`${one?.release} ${one?.name}: ${error.message}`);
      }
      expect(broken).toEqual([]);
    },
    limits.rollout,
  );
});

/** Events of all runs of a workflow that are recorded for the next release, run by run. */
const runsOf = (workflow?: string): (readonly HistoryEvent[])[] =>
  histories
    .filter(({ release, events: [started] }) => {
      return release === UNRELEASED && started !== undefined && (workflow ?? subjectOf(started)) === subjectOf(started);
    })
    .map(({ events }) => events);

const all = (): readonly HistoryEvent[] => runsOf().flat();
const of = (events: readonly HistoryEvent[], type: string): HistoryEvent[] =>
  events.filter(({ eventType }) => eventType === `EVENT_TYPE_WORKFLOW_EXECUTION_${type}`);
const subjects = (type: string): string[] => of(all(), type).map(subjectOf);

/** Answers of runs that have completed. */
const results = (workflow: string): unknown[] =>
  runsOf(workflow).flatMap((events) =>
    of(events, 'COMPLETED').flatMap((one) => payloadsOf(fieldOf(attributesOf(one), 'result'))),
  );

/** What rollouts said that have ended: their result, or what came with their failure. */
const saidByRollouts = (): unknown[] => [
  ...results(workflowNames.rollout),
  ...of(runsOf(workflowNames.rollout).flat(), 'FAILED').flatMap((one) =>
    payloadsOf(fieldOf(attributesOf(one), 'failure', 'applicationFailureInfo', 'details')),
  ),
];

/** What is lacking has no history that would tell when a change breaks it: add a scenario, then `npm run record-histories`. */
const lacking = (wanted: readonly string[], recorded: readonly unknown[]): string[] =>
  wanted.filter((one) => !recorded.includes(one));

const queries: readonly string[] = [messageNames.status, messageNames.plan, messageNames.log];

describe('the histories of the next release cover every path:', () => {
  it('every workflow', () => {
    expect(lacking(Object.values(workflowNames), subjects('STARTED'))).toEqual([]);
  });

  it('every message, with a promotion in full, and a cancellation', () => {
    const heard = [...subjects('SIGNALED'), ...subjects('UPDATE_ACCEPTED')];
    expect(
      lacking(
        Object.values(messageNames).filter((one) => !queries.includes(one)),
        heard,
      ),
    ).toEqual([]);
    const given = of(all(), 'UPDATE_ACCEPTED')
      .filter((one) => subjectOf(one) === messageNames.promote)
      .flatMap((one) => payloadsOf(fieldOf(attributesOf(one), 'acceptedRequest', 'input', 'args')));
    expect(given.map((one) => fieldOf(one, 'full'))).toEqual(expect.arrayContaining([true, false]));
    expect(of(runsOf(workflowNames.rollout).flat(), 'CANCEL_REQUESTED')).not.toEqual([]);
  });

  it('every outcome of a rollout, and every other end', () => {
    const outcomes: Record<Outcome, true> = {
      promoted: true,
      restored: true,
      partial: true,
      released: true,
      unproven: true,
    };
    expect(
      lacking(
        Object.keys(outcomes),
        saidByRollouts().map((one) => fieldOf(one, 'outcome')),
      ),
    ).toEqual([]);
    const ends = runsOf(workflowNames.rollout).map((events) =>
      events.at(-1)?.eventType.replace('EVENT_TYPE_WORKFLOW_EXECUTION_', ''),
    );
    expect(lacking(['COMPLETED', 'FAILED', 'CANCELED', 'TERMINATED'], ends)).toEqual([]);
    const failures = of(runsOf(workflowNames.rollout).flat(), 'FAILED').map((one) =>
      fieldOf(attributesOf(one), 'failure', 'applicationFailureInfo', 'type'),
    );
    expect(lacking(['Bug', 'Foreign', 'Contradicted', 'Conflict'], failures)).toEqual([]);
  });

  it('every phase of a rollout', () => {
    const phases: Record<Phase, true> = {
      ...{
        asking: true,
        frozen: true,
        preparing: true,
        entering: true,
        testing: true,
        applying: true,
        verifying: true,
        baking: true,
        pinning: true,
      },
      ...{ 'needs-person': true, confirming: true, committing: true, releasing: true, restoring: true },
      ...{ 'proving-restore': true, ended: true, gated: true, paused: true },
    };
    // A line of the log begins with the phase that was entered.
    const lines = saidByRollouts().flatMap((one) => fieldOf(one, 'log') as readonly { readonly text: string }[]);
    expect(
      lacking(
        Object.keys(phases),
        lines.map(({ text }) => text.split(':')[0]),
      ),
    ).toEqual([]);
  });

  it('every kind of change, accepted by the door and run; a dry run, a refusal and a fault', () => {
    const plans = of(runsOf(workflowNames.rollout).flat(), 'STARTED').flatMap((one) =>
      payloadsOf(fieldOf(attributesOf(one), 'input')).map((input) => fieldOf(input, 'plan', 'kind')),
    );
    expect(lacking(changeKinds, plans)).toEqual([]);
    const answers = results(workflowNames.startRollout);
    expect(
      lacking(
        changeKinds,
        answers.map((one) => fieldOf(one, 'plan', 'kind')),
      ),
    ).toEqual([]);
    expect(answers.map((one) => fieldOf(one, 'workflowId') === '')).toEqual(expect.arrayContaining([true, false]));
    const refusals = of(runsOf(workflowNames.startRollout).flat(), 'FAILED').map((one) =>
      fieldOf(attributesOf(one), 'failure', 'applicationFailureInfo', 'type'),
    );
    expect(lacking(['Invalid', 'Conflict', 'Unavailable'], refusals)).toEqual([]);
  });

  it('every end of the settler, and its wait for a person', () => {
    const ends: Record<Extract<SettlePhase, 'settled' | 'owned' | 'paused'>, true> = {
      settled: true,
      owned: true,
      paused: true,
    };
    expect(
      lacking(
        Object.keys(ends),
        results(workflowNames.settle).map((one) => fieldOf(one, 'phase')),
      ),
    ).toEqual([]);
    const states = runsOf(workflowNames.settle)
      .flat()
      .flatMap((event) => payloadOf(fieldOf(attributesOf(event), 'searchAttributes', 'indexedFields', 'MeshState')));
    expect(lacking(['needs-person'], states)).toEqual([]);
    expect(of(runsOf(workflowNames.settle).flat(), 'CANCELED')).not.toEqual([]);
  });

  it('a run that was reset', () => {
    const causes = all().map((event) => fieldOf(attributesOf(event), 'cause'));
    expect(causes).toContain('WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW');
  });

  it('every activity', () => {
    const asked = all().filter(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED');
    expect(lacking(Object.keys(queueOf), asked.map(subjectOf))).toEqual([]);
  });

  it('every change that `patched` tells from the workflows before it', () => {
    // A start over more than 50 clusters is 15 times as long as all others together: test/bench/fleet.ts plays one.
    const tooLong = ['read-in-batches'];
    expect(lacking(patchesInCode(), [...tooLong, ...all().map(patchOf)])).toEqual([]);
  });
});

const payloadOf = (payload: unknown): unknown[] => payloadsOf({ payloads: [payload] });

/** Names that the workflows give to `patched`. */
function patchesInCode(): string[] {
  const dir = new URL('../../workflows/', import.meta.url);
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const texts = files.map((file) => readFileSync(new URL(file, dir), 'utf8'));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/\bpatched\('([^']+)'\)/g)].map(([, id = '']) => id)))];
}
