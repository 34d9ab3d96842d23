/** What senders of every make say, as CloudEvents and Receptions. */
import { createHash } from 'node:crypto';
import type { SenderConfig } from '../../core/config/events/types.ts';
import { type CloudEvent, eventTypes, type ImagePushed } from '../../core/events/cloud-event.ts';
import { canonicalJson } from '../../core/values/canonical.ts';
import { present } from '../../core/values/json.ts';
import { HttpProblem } from '../../platform/http/problem.ts';
import type { Incoming, RawRequest, Reception } from './sender.ts';

export interface Said {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string | undefined;
  readonly time?: string | undefined;
  readonly data: unknown;
}

/** @throws HttpProblem 400 when a name that the sender chose cannot be an attribute */
export function saidEvent({ id, source, type, subject, time, data }: Said): Incoming {
  for (const [name, value] of Object.entries({ id, source, type, subject }))
    if (value !== undefined && !/^[^\p{Cc}\p{Cs}\p{Cn}]{1,1024}$/u.test(value))
      throw new HttpProblem(400, `${name} of the event would be empty, too long or have control characters`);
  const event: CloudEvent = {
    specversion: '1.0',
    id,
    source: uriOf(source),
    type,
    ...present({ subject, time }),
    datacontenttype: 'application/json',
    data,
    extensions: {},
  };
  return { event };
}

/** Characters that no URI has are escaped, so that a name of any kind can be a source. */
const uriOf = (text: string): string =>
  text.replaceAll(/[^\w\-.~:/?#[\]@!$&'()*+,;=%]|%(?![\dA-Fa-f]{2})/gu, encodeURIComponent);

export interface Push extends ImagePushed {
  readonly id: string;
  readonly source: string;
  readonly time: string | undefined;
}

/** @throws HttpProblem 400 when there is neither tag nor digest, or one of them is none */
export function pushEvent({ id, source, time, image, tag, digest, original }: Push): Incoming {
  assertImage({ image, tag, digest });
  const data: ImagePushed = { image, tag, digest, original };
  return saidEvent({ id, source, type: eventTypes.imagePushed, subject: image, time, data });
}

const repositoryPattern = /^[a-z0-9][a-z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+$/i;

function assertImage({ image, tag, digest }: Omit<ImagePushed, 'original'>): void {
  const refuse = (what: string): never => {
    throw new HttpProblem(400, `the push names ${what}`);
  };
  if (image.length > 512 || !repositoryPattern.test(image)) refuse('no image with registry and repository');
  if (tag !== '' && !/^\w[\w.-]{0,127}$/.test(tag)) refuse('a tag that is none');
  if (digest !== '' && !/^sha(?:256:[a-f0-9]{64}|512:[a-f0-9]{128})$/.test(digest)) refuse('a digest that is none');
  if (tag === '' && digest === '') refuse('neither a tag nor a digest');
}

/** `host/repository:tag@digest`, as registries write it; the parts that are not there are ''. */
export function imageParts(reference: string): { image: string; tag: string; digest: string } {
  const [name = '', digest = ''] = reference.split('@');
  const slash = name.lastIndexOf('/');
  const colon = name.indexOf(':', slash + 1);
  return colon < 0
    ? { image: name, tag: '', digest }
    : { image: name.slice(0, colon), tag: name.slice(colon + 1), digest };
}

/** A host that clusters know, where the sender's own is another one or is not said. */
export const imageAt = (sender: SenderConfig, { host, repository }: { host: string; repository: string }): string =>
  `${sender.registry ?? host}/${repository}`;

/** The same content, the same id: for senders that give none. */
export const idOf = (...parts: readonly unknown[]): string => sha256(canonicalJson(parts));

/** For senders that sign a message and give it no id: the signed bytes name it. */
export const idOfBody = ({ body }: RawRequest): string => sha256(body);

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** A source for senders that do not say what they are. */
export const sourceOf = (sender: SenderConfig): string => `urn:tidegate:sender:${sender.name}`;

/** Who sent is the sender itself; without authentication that is only claimed. */
export const bySender = (sender: SenderConfig, incoming: readonly Incoming[]): Reception => ({
  kind: 'events',
  incoming,
  by: { name: sender.name, how: sender.allowUnauthenticated ? 'claimed' : 'sender' },
});

/** There is nothing to do, and the sender shall not repeat it. */
export const nothingToDo = (why: string): Reception => ({
  kind: 'answer',
  status: 202,
  body: JSON.stringify({ matched: 0, reason: why }),
  headers: { 'content-type': 'application/json' },
});

/** The sender wants to know whether it is heard. */
export const pong = (): Reception => ({
  kind: 'answer',
  status: 200,
  body: JSON.stringify({ message: 'heard' }),
  headers: { 'content-type': 'application/json' },
});

/** Part of a type's name that the sender chooses: `pull_request`, `repo:push`. @throws HttpProblem 400 */
export function typePart(written: string, place: string): string {
  if (!/^[A-Za-z0-9][\w.:-]{0,99}$/.test(written))
    throw new HttpProblem(400, `${place} is missing or no name of an event`);
  return written.replaceAll(':', '.');
}
