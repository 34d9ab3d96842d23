/**
 * CDEvents 0.5.1 that follow from an event of a run: the run is a pipelineRun, a wave a taskRun, a breach an incident per
 * cluster, and what a cluster has at the end a deployed, upgraded or rolled back service.
 */
import { hasHeld } from '../../rollout/outcome.ts';
import type { CloudEvent } from '../cloud-event.ts';
import { distinct } from '../../values/share.ts';
import { newsIn, newsKindOf, type RunNews } from './news.ts';
import { purlOf } from './purl.ts';

const SPEC_VERSION = '0.5.1';

export const cdTypes = {
  runStarted: 'dev.cdevents.pipelinerun.started.0.3.0',
  runFinished: 'dev.cdevents.pipelinerun.finished.0.3.0',
  waveStarted: 'dev.cdevents.taskrun.started.0.3.0',
  waveFinished: 'dev.cdevents.taskrun.finished.0.3.0',
  deployed: 'dev.cdevents.service.deployed.0.3.0',
  upgraded: 'dev.cdevents.service.upgraded.0.3.0',
  rolledback: 'dev.cdevents.service.rolledback.0.3.0',
  detected: 'dev.cdevents.incident.detected.0.3.0',
  resolved: 'dev.cdevents.incident.resolved.0.3.0',
} as const;

interface Subject {
  readonly type: string;
  /** Of the subject: the run, the wave in it, the service, the incident. */
  readonly id: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** The event, and the CDEvents that follow from it. `runUrl`: where a person sees the run. */
export const withCdEvents = (event: CloudEvent, runUrl: string): CloudEvent[] => [
  event,
  ...subjectsOf(event, runUrl).map((subject) => cdEvent(event, subject)),
];

function subjectsOf(event: CloudEvent, uri: string): Subject[] {
  const news = newsIn(event);
  const kind = newsKindOf(event.type);
  // A start that was refused became no run.
  if (news.kind === 'settle' || news.kind === '' || news.outcome === 'refused') return [];
  switch (kind) {
    case 'started':
      return [{ type: cdTypes.runStarted, id: news.run.runId, content: { pipelineName: pipelineOf(news), uri } }];
    case 'wave-started':
      return [{ type: cdTypes.waveStarted, id: waveId(news), content: { ...taskOf(news), uri } }];
    case 'wave-finished':
      return [waveFinished(news, { outcome: 'success' })];
    case 'breached':
      return incidents(news, cdTypes.detected);
    case 'restored':
      return news.cause === 'breach' ? incidents(news, cdTypes.resolved) : [];
    case 'ended':
      return finished(news, uri);
    default:
      return [];
  }
}

function finished(news: RunNews, uri: string): Subject[] {
  const ended = { outcome: outcomeOf(news), ...(outcomeOf(news) === 'success' ? {} : { errors: news.reason }) };
  const isOpen = news.wave > 0 && news.outcome !== 'promoted' && news.outcome !== 'released';
  return [
    ...(isOpen ? [waveFinished(news, ended)] : []),
    ...news.moved.map(({ cluster, how, version, image }): Subject => ({
      type: cdTypes[how],
      id: serviceId(news),
      content: {
        environment: environmentOf(news, cluster),
        artifactId: purlOf({ ...news, version, ...(image !== undefined && { image }) }),
      },
    })),
    { type: cdTypes.runFinished, id: news.run.runId, content: { pipelineName: pipelineOf(news), uri, ...ended } },
  ];
}

/** A change that went back did what it is for, and did not bring the version: a failure of the pipeline. */
function outcomeOf({ outcome, kind, cause }: RunNews): 'success' | 'failure' | 'cancel' | 'error' {
  if (outcome === 'promoted' || outcome === 'released') return 'success';
  if ((outcome === 'restored' && kind === 'restore') || hasHeld({ outcome, cause })) return 'success';
  if (outcome === 'terminated' || outcome === 'cancelled' || cause === 'abort' || cause === 'cancel') return 'cancel';
  return outcome === 'failed' || cause === 'error' ? 'error' : 'failure';
}

/** The environment of an incident is one: several clusters have an incident each. */
const incidents = (news: RunNews, type: string): Subject[] =>
  distinct(news.clusters).map((cluster) => ({
    type,
    id: `${news.run.runId}/incident/${cluster}`,
    content: {
      description: news.reason,
      environment: environmentOf(news, cluster),
      service: { id: serviceId(news) },
      artifactId: purlOf(news),
    },
  }));

const waveFinished = (news: RunNews, ended: Readonly<Record<string, unknown>>): Subject => ({
  type: cdTypes.waveFinished,
  id: waveId(news),
  content: { ...taskOf(news), ...ended },
});

const taskOf = (news: RunNews): Readonly<Record<string, unknown>> => ({
  taskName: news.waveName === '' ? `wave ${news.wave}` : news.waveName,
  pipelineRun: { id: news.run.runId },
});

const pipelineOf = ({ kind, namespace, service }: RunNews): string => `${kind} ${namespace}/${service}`;
const serviceId = ({ namespace, service }: RunNews): string => `${namespace}/${service}`;
const waveId = ({ run, wave }: RunNews): string => `${run.runId}/wave/${wave}`;

const environmentOf = ({ installation, mesh }: RunNews, cluster: string): { id: string; source: string } => ({
  id: cluster,
  source: `/tidegate/${encodeURIComponent(installation)}/${encodeURIComponent(mesh)}`,
});

/** Context attributes are copied to the CloudEvent, as the CloudEvents binding of CDEvents asks. */
function cdEvent(event: CloudEvent, { type, id, content }: Subject): CloudEvent {
  const { source, time = '' } = event;
  const cluster = (content['environment'] as { readonly id: string } | undefined)?.id ?? '';
  const own = [event.id, 'cdevents', type.split('.').slice(2, 4).join('-'), ...(cluster === '' ? [] : [cluster])].join(
    '/',
  );
  return {
    ...{ specversion: '1.0', id: own, source, type, subject: id, time, datacontenttype: 'application/json' },
    data: {
      context: { specversion: SPEC_VERSION, id: own, source, type, timestamp: time, chainId: newsIn(event).run.runId },
      subject: { id, source, content },
      customData: { news: event.id },
      customDataContentType: 'application/json',
    },
    extensions: event.extensions,
  };
}
