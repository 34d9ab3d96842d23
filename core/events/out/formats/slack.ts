/** A message for an incoming webhook of Slack (Block Kit). A gate has buttons, whose value says what a click does. */
import { shortened } from '../../../values/shortened.ts';
import type { CloudEvent, SteerData } from '../../cloud-event.ts';
import type { Message } from '../encode.ts';
import { isWeb, waitsForApproval, type Links } from '../links.ts';
import { newsIn } from '../news.ts';
import { wordsOf } from '../words.ts';

/** What Slack takes: characters of a header, a text, and fields of a section. */
const limits = { header: 150, text: 3_000, field: 2_000, fields: 10 } as const;

const signs = {
  good: ':white_check_mark:',
  bad: ':red_circle:',
  waiting: ':hourglass:',
  neutral: ':large_blue_circle:',
};

/** The action_id of a button is the action of its value. */
export function slackMessage(event: CloudEvent, links: Links): Message {
  const { title, sentence, facts, mood } = wordsOf(event);
  const fields = facts
    .slice(0, limits.fields)
    .map(([name, value]) => text(`*${name}*\n${escaped(value)}`, limits.field));
  const buttons = [...(waitsForApproval(event) ? steering(event) : []), ...linkButtons(links)];
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: shortened(title, limits.header) } },
    {
      type: 'section',
      text: text(`${signs[mood]} ${escaped(sentence)}`, limits.text),
      ...(fields.length > 0 && { fields }),
    },
    ...(buttons.length > 0 ? [{ type: 'actions', elements: buttons }] : []),
    { type: 'context', elements: [text(escaped(`${newsIn(event).run.workflowId} ${event.time ?? ''}`), limits.text)] },
  ];
  return {
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ text: escaped(shortened(title, limits.header)), blocks }),
  };
}

const steering = (event: CloudEvent): unknown[] => [
  button('Approve', 'primary', steerData(event, 'approve')),
  button('Abort', 'danger', steerData(event, 'abort')),
];

/** It can act on this one step of this one run only. */
function steerData(event: CloudEvent, action: SteerData['action']): SteerData {
  const { namespace, service, run, wave, step } = newsIn(event);
  return {
    ...{ action, namespace, service, reason: `${action} in Slack` },
    step: { ...run, wave: wave - 1, step: step - 1 },
  };
}

const button = (label: string, style: 'primary' | 'danger', data: SteerData): unknown => ({
  ...{ type: 'button', action_id: data.action, style, value: JSON.stringify(data) },
  text: { type: 'plain_text', text: label },
});

const linkButtons = ({ run, approve }: Links): unknown[] =>
  [
    ['Look closer and approve', approve],
    ['Open the run', run],
  ].flatMap(([label, url = '']) =>
    isWeb(url)
      ? [{ type: 'button', text: { type: 'plain_text', text: label }, url, action_id: `open-${label?.slice(0, 4)}` }]
      : [],
  );

const text = (markdown: string, limit: number): unknown => ({ type: 'mrkdwn', text: cut(markdown, limit) });

const cut = (markdown: string, limit: number): string =>
  markdown.length <= limit ? markdown : `${markdown.slice(0, limit - 1)}…`;

/** What would else be a mention, a link or an entity. */
const escaped = (plain: string): string =>
  plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
