/**
 * Prometheus Alertmanager: `webhook_configs`, with basic or bearer authentication in `http_config`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 *
 * One notification has a group of alerts, and is repeated until they are resolved: each alert is one event, which is the
 * same one in every repetition. An alert that fires anew starts anew, and is another.
 */
import { type AlertData, eventTypes } from '../../../core/events/cloud-event.ts';
import { recordOf } from '../../../core/values/json.ts';
import { assertToken } from '../auth/tokens.ts';
import { jsonBody } from '../content.ts';
import { bySender, idOf, saidEvent, sourceOf } from '../events.ts';
import { at, neededList, neededText, textAt, timeOf } from '../payload.ts';
import type { Incoming, Receive } from '../sender.ts';

export const receiveAlertmanager: Receive = async (request, sender, tools) => {
  await assertToken(request, { sender, tools });
  const payload = jsonBody(request);
  const groupKey = neededText(payload, 'groupKey');
  const source = textAt(payload, 'externalURL') || sourceOf(sender);
  const alerts = neededList(payload, 'alerts');
  return bySender(
    sender,
    alerts.map((alert, index) => alertEvent(alert, { index, groupKey, source })),
  );
};

function alertEvent(
  alert: unknown,
  { index, groupKey, source }: { index: number; groupKey: string; source: string },
): Incoming {
  const status = textAt(alert, 'status');
  const data: AlertData = {
    labels: texts(at(alert, 'labels')),
    annotations: texts(at(alert, 'annotations')),
    startsAt: textAt(alert, 'startsAt'),
    endsAt: textAt(alert, 'endsAt'),
    fingerprint: textAt(alert, 'fingerprint'),
    groupKey,
  };
  const { fingerprint, startsAt, endsAt } = data;
  const place = `alerts[${index}]`;
  if (status !== 'firing' && status !== 'resolved') return refused(`${place}.status`, 'is neither firing nor resolved');
  if (fingerprint === '') return refused(`${place}.fingerprint`, 'is missing');
  if (timeOf(startsAt) === undefined) return refused(`${place}.startsAt`, 'is no time');
  return saidEvent({
    id: idOf(groupKey, status, fingerprint, startsAt),
    source,
    type: status === 'firing' ? eventTypes.alertFiring : eventTypes.alertResolved,
    subject: data.labels['alertname'] || undefined,
    time: timeOf(status === 'firing' ? startsAt : endsAt),
    data,
  });
}

const refused = (path: string, reason: string): Incoming => ({
  problem: { status: 400, detail: `${path} ${reason}`, at: path },
});

const texts = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(recordOf(value)).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text] as const] : [])),
  );
