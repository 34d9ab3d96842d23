/** `tidegate trigger test`: what an event would do by the config of now, with every filter's value. Nothing is started. */
import { readFile } from 'node:fs/promises';
import { createMatcher, type HeardEvent } from '../../core/events/match.ts';
import { parseEvents } from '../../core/events/parse/parse.ts';
import type { EventsConfig, SenderConfig, TriggerConfig } from '../../core/config/events/types.ts';
import type { Incoming } from '../../core/events/incoming.ts';
import { reactionOf, type Reaction } from '../../core/events/reaction.ts';
import { refuse, TidegateError } from '../../core/values/error.ts';
import { fieldAt } from '../../core/values/json.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { HttpProblem } from '../../platform/http/problem.ts';
import { senders } from '../../functions/senders/index.ts';
import { exitCodes, type Io } from '../io.ts';

export interface TestTriggerOptions {
  readonly config?: string;
  /** Name of a Sender document; needed where the config has several. */
  readonly sender?: string;
  /** `Name: value` of what a sender would send beside its body. */
  readonly header: readonly string[];
}

export async function testTrigger(file: string, options: TestTriggerOptions, io: Io): Promise<number> {
  const directory = options.config ?? io.env['TIDEGATE_CONFIG'];
  if (directory === undefined)
    refuse('Invalid', 'there is no config to test', 'give --config DIR or set TIDEGATE_CONFIG');
  const { events } = await createConfigLoader({ directory }).loadFrontDoor();
  const sender = senderIn(events, options.sender);
  const heard = await heardIn(file, sender, { header: options.header, nowMs: io.now() });
  let failed = false;
  for (const one of heard) {
    const { lines, hasFailed } = said(events, one);
    failed ||= hasFailed;
    io.stdout(`${lines.join('\n')}\n`);
  }
  if (heard.length === 0) io.stdout('the sender makes no event of it\n');
  io.stdout('nothing was started\n');
  return failed ? exitCodes.badInput : exitCodes.ok;
}

function senderIn({ senders: all }: EventsConfig, name: string | undefined): SenderConfig {
  const found = name === undefined && all.length === 1 ? all[0] : all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name).join(', ');
  return refuse(
    'Invalid',
    name === undefined ? 'it is not said who sends it' : `there is no Sender ${name}`,
    all.length === 0 ? 'write a Sender document' : `give --sender, one of ${names}`,
  );
}

interface Sent {
  readonly header: readonly string[];
  readonly nowMs: number;
}

/** The file is a CloudEvent in JSON, or a body as that make of sender sends it. Nobody has to authenticate. */
async function heardIn(file: string, sender: SenderConfig, sent: Sent): Promise<readonly HeardEvent[]> {
  const body = await readFile(file).catch((error: unknown) =>
    refuse(
      'Invalid',
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'name a file',
    ),
  );
  const incoming = isCloudEvent(body) ? structured(body) : await received(body, sender, sent);
  return incoming.map((one) => {
    if ('event' in one) return { event: one.event, sender: sender.name, by: { name: sender.name, how: 'sender' } };
    return refuse(
      'Invalid',
      `${file}: ${one.problem.detail}`,
      one.problem.at === '' ? 'mend it' : `mend ${one.problem.at}`,
    );
  });
}

function isCloudEvent(body: Buffer): boolean {
  try {
    return fieldAt(JSON.parse(body.toString('utf8')), 'specversion') !== undefined;
  } catch {
    // It may be a form, as Slack sends it: the sender's own parser says what is wrong.
    return false;
  }
}

function structured(body: Buffer): readonly Incoming[] {
  const parsed = parseEvents({ headers: [['content-type', 'application/cloudevents+json']], body });
  return parsed.kind === 'events' ? parsed.incoming : [{ problem: parsed.problem }];
}

async function received(body: Buffer, sender: SenderConfig, { header, nowMs }: Sent): Promise<readonly Incoming[]> {
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const line of header) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      refuse('Invalid', `--header ${line} is no header`, "write it as 'X-GitHub-Event: push'");
    headers.set(name, value);
  }
  const url = new URL(`http://door/events/${sender.name}`);
  const nobody = { secrets: async () => [], verifyToken: async () => ({}) };
  try {
    const answer = await senders[sender.type](
      { method: 'POST', url, headers, body, receivedAtMs: nowMs },
      { ...sender, allowUnauthenticated: true },
      nobody,
    );
    return answer.kind === 'events' ? answer.incoming : [];
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    return refuse(
      'Invalid',
      `a ${sender.type} sender would be answered ${error.status}: ${error.message}`,
      'see --header',
    );
  }
}

function said({ triggers }: EventsConfig, heard: HeardEvent): { lines: string[]; hasFailed: boolean } {
  const { event } = heard;
  const { looks } = createMatcher(triggers).match(heard);
  const lines = [`${event.type}  id ${event.id}  source ${event.source}`];
  let hasFailed = false;
  for (const { trigger: name, filter, failure, services } of looks) {
    const trigger = triggers.find((one) => one.name === name);
    const shown =
      trigger?.filter === undefined || trigger.filter === '' ? 'no filter' : `filter ${filter}: ${trigger.filter}`;
    lines.push(`  trigger ${name}: ${filter === 'unheard' ? `does not hear ${heard.sender}` : shown}`);
    if (failure !== '') lines.push(`    ✗ ${failure}`);
    hasFailed ||= failure !== '';
    if (trigger === undefined || services.length === 0) continue;
    const what = reactionText(trigger, heard);
    hasFailed ||= what.failed;
    for (const { namespace, name: service } of services)
      lines.push(`    ${what.failed ? '✗' : '→'} ${namespace}/${service}: ${what.text}`);
  }
  return { lines, hasFailed };
}

function reactionText(trigger: TriggerConfig, heard: HeardEvent): { text: string; failed: boolean } {
  try {
    return { text: textOf(reactionOf(trigger, heard)), failed: false };
  } catch (error) {
    if (error instanceof TidegateError) return { text: `${error.message} (${error.fix})`, failed: true };
    throw error;
  }
}

function textOf(reaction: Reaction): string {
  switch (reaction.kind) {
    case 'choose': {
      const policy = Object.entries(reaction.policy).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
      return `deploy the newest tag of ${reaction.repository} by ${policy.join(', ')}, never below what is proven (on conflict: ${reaction.onConflict})`;
    }
    case 'deploy': {
      const image = reaction.image === '' ? '' : ` with ${reaction.image}`;
      return `deploy ${reaction.version}${image} (on conflict: ${reaction.onConflict})`;
    }
    case 'undo':
      return 'undo';
    case 'alert':
      return 'alert the running rollout: it goes back';
    case 'steer':
      return `${reaction.saying} the running rollout`;
  }
}
