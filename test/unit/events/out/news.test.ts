/** What a rollout tells, from its start to any of its ends. */
import { describe, expect, it } from '@jest/globals';
import { typesOut } from '../../../../core/config/events/event-types.ts';
import { cdTypes, withCdEvents } from '../../../../core/events/out/cd-events.ts';
import { runLink } from '../../../../core/events/out/links.ts';
import { newsIn, newsKinds, newsType, SETTLER_ENDED } from '../../../../core/events/out/news.ts';
import { wordsOf } from '../../../../core/events/out/words.ts';
import { startRefused, settlerEnded } from '../../../../core/rollout/outcome.ts';
import { endEvent } from '../../../../core/events/out/of-end.ts';
import type { RolloutEvent } from '../../../../core/rollout/machine/state.ts';
import { cdEventFaults, cdEventTypes } from '../../../support/cdevents-schemas.ts';
import { testPlan } from '../../../support/plans.ts';
import { watched } from '../../rollout/played.ts';
import { kinds, runId, tell, traceparent, workflowId } from './told.ts';

const plan = testPlan({ shares: [500_000, 1_000_000] });

const breachAt = (wave: number, step: number) => {
  let done = false;
  return (state: { wave: number; step: number; phase: string; watching: number }): RolloutEvent | null => {
    if (done || state.phase !== 'baking' || state.wave !== wave || state.step !== step) return null;
    done = true;
    return { type: 'watched', atMs: 0, seq: state.watching, result: watched('breach', ['gcp-europe-west1']) };
  };
};

const once = (phase: string, event: RolloutEvent) => {
  let done = false;
  return (state: { phase: string }): RolloutEvent | null => {
    if (done || state.phase !== phase) return null;
    done = true;
    return event;
  };
};

const stories = {
  promoted: () => tell(plan),
  breached: () => tell(plan, breachAt(1, 0)),
  partial: () => tell(testPlan({ shares: [500_000, 1_000_000], onBreach: 'cluster' }), breachAt(1, 0)),
  aborted: () => tell(plan, once('baking', { type: 'abort', atMs: 0, reason: 'no' })),
  cancelled: () => tell(plan, once('applying', { type: 'cancel', atMs: 0, reason: 'no' })),
  held: () =>
    tell(plan, (state) =>
      state.phase === 'baking' ? { type: 'watched', atMs: 0, seq: state.watching, result: watched('unknown') } : null,
    ),
  undone: () => tell(testPlan({ kind: 'undo', shares: [1_000_000] })),
  restored: () => tell(testPlan({ kind: 'restore' })),
  drilled: () => tell({ ...plan, comesBack: true }),
};

describe('what a rollout tells', () => {
  it('begins with its start, has each wave and step once, and ends with its outcome', () => {
    const { events } = stories.promoted();
    const wave = ['wave-started', 'step', 'step', 'wave-finished'];
    expect(kinds(events)).toEqual(['started', ...wave, ...wave, 'ended']);
    const steps = events.filter(({ type }) => type === newsType('step')).map(newsIn);
    expect(steps.map(({ wave: w, step, shares }) => [w, step, Object.values(shares).at(-1)])).toEqual([
      [1, 1, 500_000],
      [1, 2, 1_000_000],
      [2, 1, 500_000],
      [2, 2, 1_000_000],
    ]);
  });

  it('says that a breach was detected, where, and that what had a share is back', () => {
    const { events } = stories.breached();
    expect(kinds(events).slice(-4)).toEqual(['step', 'breached', 'restored', 'ended']);
    const breach = newsIn(events.find(({ type }) => type === newsType('breached')) ?? ({} as never));
    expect(breach).toMatchObject({ verdict: 'breach', wave: 2, step: 1, mesh: 'shop' });
    expect(breach.clusters).toEqual(['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1']);
    expect(newsIn(events.at(-1) ?? ({} as never))).toMatchObject({
      outcome: 'restored',
      cause: 'breach',
      wave: 2,
      step: 1,
    });
  });

  it('says of a drill that has held that it is well, although it is back', () => {
    const { events } = stories.drilled();
    expect(kinds(events).slice(-3)).toEqual(['restoring', 'restored', 'ended']);
    const [restoring, , ended] = events.slice(-3).map((event) => wordsOf(event).mood);
    expect([restoring, ended]).toEqual(['neutral', 'good']);
    const finished = events.flatMap((event) => withCdEvents(event, 'urn:x')).at(-1);
    expect(JSON.stringify(finished?.data)).toContain('"outcome":"success"');
  });

  it('says of no verdict that it is unknown: neither healthy nor a breach', () => {
    const { events, state } = stories.held();
    expect(state.outcome).toBeNull();
    expect(kinds(events).at(-1)).toBe('held');
    expect(newsIn(events.at(-1) ?? ({} as never)).verdict).toBe('unknown');
  });

  it('says when a person must approve, and when it goes on', () => {
    const gatedPlan = testPlan({ shares: [500_000, 1_000_000], approveAt: 0 });
    const { events } = tell(gatedPlan, (state) =>
      state.phase === 'gated' ? { type: 'approve', atMs: 0, reason: 'fine' } : null,
    );
    expect(kinds(events).slice(1, 6)).toEqual(['wave-started', 'step', 'gated', 'resumed', 'step']);
    expect(newsIn(events[3] ?? ({} as never)).verdict).toBe('healthy');
  });

  it.each(Object.keys(stories) as (keyof typeof stories)[])(
    '%s: ids differ, are the same when played again, and name run and place',
    (name) => {
      const [first, second] = [stories[name](), stories[name]()];
      expect(first.events).toEqual(second.events);
      const all = first.events.flatMap((event) => withCdEvents(event, 'urn:x'));
      const ids = all.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { id, source, extensions } of all) {
        expect(id.startsWith(`${runId}/`)).toBe(true);
        // Standard Webhooks joins the id by dots to what is signed.
        expect(id).not.toContain('.');
        expect(source).toBe('/tidegate/default/shop/shop/checkout');
        expect(extensions).toEqual({ traceparent });
      }
    },
  );

  it.each(Object.keys(stories) as (keyof typeof stories)[])(
    '%s: tells its outcome at most once, with mesh, clusters, wave and step',
    (name) => {
      const { events, state } = stories[name]();
      const ends = events.filter(({ type }) => type === newsType('ended')).map(newsIn);
      expect(ends).toHaveLength(state.outcome === null ? 0 : 1);
      for (const end of ends) {
        expect(end).toMatchObject({ mesh: 'shop', outcome: state.outcome, run: { workflowId, runId } });
        expect(end.clusters.length).toBeGreaterThan(0);
        expect(end.wave).toBeGreaterThan(0);
      }
    },
  );

  it('offers every type to sinks, and no other', () => {
    expect([...typesOut].sort()).toEqual([...newsKinds.map(newsType), SETTLER_ENDED, ...Object.values(cdTypes)].sort());
  });
});

describe('CDEvents', () => {
  const link = { temporalUi: 'https://temporal.example.com', namespace: 'default' };
  const told = (name: keyof typeof stories) =>
    stories[name]()
      .events.flatMap((event) => withCdEvents(event, runLink(event, link)))
      .filter(({ type }) => type.startsWith('dev.cdevents.'));

  it.each(Object.keys(stories) as (keyof typeof stories)[])('%s: each is as the specification wants it', (name) => {
    const events = told(name);
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      expect(cdEventFaults(event.data, event.type)).toEqual([]);
      // The CloudEvents binding: context attributes are copied.
      const { context, subject } = event.data as { context: Record<string, string>; subject: { id: string } };
      expect([context['id'], context['source'], context['type'], context['timestamp'], subject.id]).toEqual([
        event.id,
        event.source,
        event.type,
        event.time,
        event.subject,
      ]);
    }
  });

  it('every type is told by some story', () => {
    const types = (Object.keys(stories) as (keyof typeof stories)[]).flatMap(told).map(({ type }) => type);
    // The first version of a service is the only one that is deployed and not upgraded.
    const first = tell({ ...plan, kind: 'adopt', replaces: {} }).events.flatMap((event) =>
      withCdEvents(event, 'urn:x'),
    );
    expect(
      new Set([...types, ...first.map(({ type }) => type).filter((type) => type.startsWith('dev.cdevents.'))]),
    ).toEqual(new Set(cdEventTypes));
  });

  it('the schemas refuse what the specification does not have', () => {
    const [event] = told('promoted');
    const data = event?.data as { context: object; subject: { content: object } };
    const type = event?.type ?? '';
    expect(cdEventFaults({ ...data, extra: 1 }, type)).not.toEqual([]);
    expect(cdEventFaults({ ...data, subject: { ...data.subject, content: {} } }, type)).not.toEqual([]);
  });

  const ofType = (name: keyof typeof stories, type: string) => told(name).filter((event) => event.type === type);

  it('a promoted cluster is upgraded, an undone one rolled back, and one that goes back is so too', () => {
    expect(ofType('promoted', cdTypes.upgraded)).toHaveLength(3);
    expect(ofType('undone', cdTypes.rolledback)).toHaveLength(3);
    expect(ofType('breached', cdTypes.rolledback)).toHaveLength(3);
    expect(ofType('partial', cdTypes.upgraded)).toHaveLength(1);
    expect(ofType('partial', cdTypes.rolledback)).toHaveLength(2);
  });

  it('an incident is detected and resolved under one id per cluster', () => {
    const [detected, resolved] = [ofType('breached', cdTypes.detected), ofType('breached', cdTypes.resolved)];
    expect(detected.map(({ subject }) => subject)).toEqual(resolved.map(({ subject }) => subject));
    expect(detected).toHaveLength(3);
  });

  it('every wave that was started is finished', () => {
    for (const name of ['promoted', 'breached', 'aborted', 'partial'] as const)
      expect(ofType(name, cdTypes.waveFinished).map(({ subject }) => subject)).toEqual(
        ofType(name, cdTypes.waveStarted).map(({ subject }) => subject),
      );
  });

  it.each([
    ['promoted', 'success'],
    ['breached', 'failure'],
    ['aborted', 'cancel'],
    ['cancelled', 'cancel'],
    ['restored', 'success'],
  ] as const)('a run that is %s has the outcome %s', (name, outcome) => {
    const [end] = ofType(name, cdTypes.runFinished);
    expect((end?.data as { subject: { content: { outcome: string } } }).subject.content.outcome).toBe(outcome);
  });
});

describe('an end that no run tells', () => {
  const at = { id: 'start:default:checkout/abc', startedAtMs: 1, endedAtMs: 2 };
  const told = { installation: 'east', traceparent: '', moved: [] } as const;

  it('of a refused start is one event, and no CDEvent: it became no run', () => {
    const why = { outcome: 'refused', code: 'Invalid', reason: 'no such version' } as const;
    const end = { ...startRefused({ service: 'checkout', change: { kind: 'deploy', version: 'v2' } }, why), ...at };
    const event = endEvent({ end, ...told });
    expect(withCdEvents(event, 'urn:x')).toEqual([event]);
    expect(event).toMatchObject({ type: newsType('ended'), source: '/tidegate/east/-/-/checkout', id: 'abc/ended' });
    expect(newsIn(event)).toMatchObject({ outcome: 'refused', reason: 'no such version' });
  });

  it('of a settler has a type of its own', () => {
    const service = { mesh: 'shop', namespace: 'shop', service: 'checkout' };
    const end = { ...settlerEnded(service, { outcome: 'settled', reason: 'nothing is left' }), ...at };
    const event = endEvent({ end, ...told });
    expect(withCdEvents(event, 'urn:x').map(({ type }) => type)).toEqual([SETTLER_ENDED]);
  });
});
