/**
 * What a version's Deployment records of the ConfigMaps and Secrets that its pods read, and what is different today. Pure.
 *
 * Of a ConfigMap the record has a digest of its content. Of a Secret it has nothing that is made from the content: a digest
 * of a short password can be guessed by whoever may read Deployments, and there is no key to hide it with that is not
 * Tidegate's to keep. It has the uid and the resourceVersion instead, which say whether the Secret was written since.
 */
import { annotations } from '../../kube/labels.ts';
import type { ConfigObject, Deployment } from '../../kube/objects.ts';
import { digestOf } from '../../values/canonical.ts';
import { fieldAt } from '../../values/json.ts';

export interface ConfigRecord {
  /** By `configKey`: how an object that is shared with other versions was; ABSENT and UNKNOWN are values, too. */
  readonly shared: Readonly<Record<string, string>>;
  /** By `configKey` of the user's object: the name of the version's own copy. */
  readonly copies: Readonly<Record<string, string>>;
}

/** It was not there; pods start without it where it is optional. */
const ABSENT = 'absent';
/** The role may not read it. */
export const UNKNOWN = 'unknown';

/** How an object is now, to be compared with how it was; null: it is not there. */
export function stateOf(object: ConfigObject | null): string {
  if (object === null) return ABSENT;
  const { uid = '', resourceVersion = '' } = object.metadata;
  return object.kind === 'Secret' ? `${uid}/${resourceVersion}` : contentDigest(object);
}

/** Of what pods see of a ConfigMap. */
const contentDigest = ({ data = {}, binaryData = {} }: ConfigObject): string =>
  digestOf({ data, binaryData }).slice(0, 32);

/** undefined: the pods read none. */
export const recordText = (record: ConfigRecord): string | undefined =>
  Object.keys(record.shared).length + Object.keys(record.copies).length === 0
    ? undefined
    : JSON.stringify({ shared: record.shared, copies: record.copies });

/** null: none was recorded, or somebody has edited it. */
export function configRecordOf({ metadata }: Pick<Deployment, 'metadata'>): ConfigRecord | null {
  const text = metadata.annotations?.[annotations.config];
  if (text === undefined) return null;
  try {
    const read: unknown = JSON.parse(text);
    return { shared: textsIn(fieldAt(read, 'shared')), copies: textsIn(fieldAt(read, 'copies')) };
  } catch {
    return null;
  }
}

const textsIn = (value: unknown): Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : {};

/** The user's names, by the key of the version's copies: a version that is made from this one reads the user's objects. */
export const originalNames = ({ copies }: ConfigRecord): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(copies).map(([key, copy]) => {
      const [kind = '', name = ''] = key.split('/');
      return [`${kind}/${copy}`, name];
    }),
  );

export interface ConfigChange {
  /** `ConfigMap checkout-config`. */
  readonly object: string;
  /** written: a Secret, whose content is not compared. copyGone: the version's own copy, without which no pod starts. */
  readonly is: 'changed' | 'written' | 'gone' | 'new' | 'unknown' | 'copyGone';
}

/** `now`: by `configKey`, of the shared ones and of the copies; what was not read is unknown. */
export function configChanges(record: ConfigRecord, now: Readonly<Record<string, string>>): readonly ConfigChange[] {
  const shared = Object.entries(record.shared).flatMap(([key, before]): ConfigChange[] => {
    const is = changeOf(key, before, now[key] ?? UNKNOWN);
    return is === undefined ? [] : [{ object: objectName(key), is }];
  });
  const copies = Object.keys(originalNames(record)).flatMap((key): ConfigChange[] =>
    now[key] === ABSENT ? [{ object: objectName(key), is: 'copyGone' }] : [],
  );
  return [...shared, ...copies];
}

function changeOf(key: string, before: string, now: string): ConfigChange['is'] | undefined {
  if (before === UNKNOWN || now === UNKNOWN) return 'unknown';
  if (before === now) return undefined;
  if (now === ABSENT) return 'gone';
  if (before === ABSENT) return 'new';
  return key.startsWith('Secret/') ? 'written' : 'changed';
}

const objectName = (key: string): string => key.replace('/', ' ');
