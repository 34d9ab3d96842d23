/** Addresses that people follow from an event. */
import type { CloudEvent } from '../cloud-event.ts';
import { newsIn, newsKindOf } from './news.ts';

export interface Links {
  /** The run in Temporal's UI; where none is configured, a name of the run in the form of a URI. */
  readonly run: string;
  /** Page to approve the waiting step on; '' = none. */
  readonly approve: string;
}

interface RunPlace {
  /** '' = none is configured. */
  readonly temporalUi: string;
  /** Of Temporal. */
  readonly namespace: string;
}

export function runLink(event: CloudEvent, { temporalUi, namespace }: RunPlace): string {
  const { workflowId, runId } = newsIn(event).run;
  const path = [workflowId, runId].map(encodeURIComponent);
  if (temporalUi === '') return `urn:tidegate:run:${path.join('/')}`;
  return `${temporalUi.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${path.join('/')}/history`;
}

export const isWeb = (link: string): boolean => /^https?:/.test(link);

/** Does a person have to approve something now? */
export const waitsForApproval = ({ type }: CloudEvent): boolean => newsKindOf(type) === 'gated';

/** Tidegate's own events carry the links; a CDEvent has its place for them. */
export const withLinks = (event: CloudEvent, links: Links): CloudEvent =>
  event.type.startsWith('dev.tidegate.')
    ? {
        ...event,
        data: { ...newsIn(event), links: { run: links.run, ...(links.approve !== '' && { approve: links.approve }) } },
      }
    : event;
