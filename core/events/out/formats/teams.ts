/** A message for a workflow webhook of Teams: an adaptive card. A person approves by the link, for Teams takes messages only. */
import type { CloudEvent } from '../../cloud-event.ts';
import type { Message } from '../encode.ts';
import { isWeb, type Links } from '../links.ts';
import { wordsOf } from '../words.ts';

const colors = { good: 'Good', bad: 'Attention', waiting: 'Warning', neutral: 'Default' } as const;

export function teamsMessage(event: CloudEvent, { run, approve }: Links): Message {
  const { title, sentence, facts, mood } = wordsOf(event);
  const body = [
    { type: 'TextBlock', text: plain(title), weight: 'Bolder', size: 'Medium', color: colors[mood], wrap: true },
    { type: 'TextBlock', text: plain(sentence), wrap: true },
    { type: 'FactSet', facts: facts.map(([name, value]) => ({ title: name, value: plain(value) })) },
  ];
  const actions = [
    ...(isWeb(approve) ? [{ type: 'Action.OpenUrl', title: 'Look closer and approve', url: approve }] : []),
    ...(isWeb(run) ? [{ type: 'Action.OpenUrl', title: 'Open the run', url: run }] : []),
  ];
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    ...{ type: 'AdaptiveCard', version: '1.4', body, actions },
  };
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content };
  return {
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ type: 'message', attachments: [attachment] }),
  };
}

/** Text blocks read markdown: what would be a link or an emphasis stays text. */
const plain = (text: string): string => text.replace(/[\\`*_[\]<>]/g, (one) => `\\${one}`);
