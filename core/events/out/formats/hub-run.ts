/** What an event of a run says in the status of its Service object. */
import type { HubPhase, HubRun } from '../../../config/hub/status.ts';
import { present } from '../../../values/json.ts';
import type { CloudEvent } from '../../cloud-event.ts';
import { newsIn, newsKindOf, type NewsKind } from '../news.ts';

const phases: Readonly<Record<NewsKind, HubPhase>> = {
  started: 'moving',
  'wave-started': 'moving',
  step: 'moving',
  'wave-finished': 'moving',
  resumed: 'moving',
  held: 'needs-person',
  gated: 'gated',
  paused: 'paused',
  frozen: 'frozen',
  breached: 'restoring',
  restoring: 'restoring',
  restored: 'restoring',
  ended: 'ended',
};

export interface RunOfObject {
  readonly namespace: string;
  readonly service: string;
  readonly run: HubRun;
}

/** null: it is no event of a run. */
export function hubRun(event: CloudEvent): RunOfObject | null {
  const newsKind = newsKindOf(event.type);
  if (newsKind === undefined) return null;
  const { namespace, service, part, kind, version, outcome, reason, run } = newsIn(event);
  const ended = outcome === '' ? undefined : outcome;
  return {
    ...{ namespace, service },
    run: {
      ...{ part, kind, version, phase: phases[newsKind], reason, ...run, at: event.time ?? '' },
      ...present({ outcome: ended }),
    },
  };
}
