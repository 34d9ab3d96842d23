/**
 * The status of objects in a hub, where this worker's config is in one: whether each is right, looked at again and again,
 * and what runs tell. Every worker does the same, writes nothing that is there already, and may die at any time.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { acceptedStatus, isSameStatus, runStatus } from '../core/config/hub/status.ts';
import { parsePlace } from '../core/config/places/place.ts';
import type { CloudEvent } from '../core/events/cloud-event.ts';
import { hubRun } from '../core/events/out/formats/hub-run.ts';
import type { ConfigLoader } from '../platform/config/load.ts';
import type { Hub } from '../platform/config/places/hub.ts';
import { openHub } from '../platform/config/places/hubs.ts';

/** From the end of a look to the next one, ms: a person who has applied an object waits for this. */
const LOOK_EVERY_MS = 10_000;

export interface HubStatuses {
  /** What the event says of its service's object; nothing where that is gone. */
  readonly tell: (event: CloudEvent) => Promise<void>;
  /** Looks at all objects once. Resolves to how many statuses were written. */
  readonly look: () => Promise<number>;
  close(): Promise<void>;
}

interface Ports {
  /** Of config, as the worker was given it. */
  readonly directory: string;
  readonly config: Pick<ConfigLoader, 'readObjects'>;
  readonly nowMs: () => number;
  /** Says why a status could not be written; it is tried again. */
  readonly warn: (what: string) => void;
}

/** undefined: config is in files. */
export function createHubStatuses({ directory, config, nowMs, warn }: Ports): HubStatuses | undefined {
  const place = parsePlace(directory);
  if (place.kind !== 'hub') return undefined;
  let opened: Promise<Hub> | undefined;
  const hub = (): Promise<Hub> => (opened ??= openHub(place.access));

  const writeStatus: Hub['writeStatus'] = async (object, next) => (await hub()).writeStatus(object, next);

  const look = async (): Promise<number> => {
    let written = 0;
    const failed: unknown[] = [];
    for (const { object, problems } of await config.readObjects()) {
      const { generation } = object.origin;
      // Of a newer spec than was read here others say what it is, or the next look.
      const next = (before: typeof object.status, now = generation) =>
        now === generation ? acceptedStatus(before, { generation, problems, nowMs: nowMs() }) : before;
      if (isSameStatus(object.status, next(object.status))) continue;
      // One that cannot be written keeps no other from its status.
      const wrote = await writeStatus(object, next).catch((error: unknown) => void failed.push(error));
      if (wrote === 'configured') written += 1;
    }
    const [first] = failed;
    if (first instanceof Error) throw first;
    return written;
  };

  const stop = new AbortController();
  const looking = (async () => {
    let said = '';
    while (!stop.signal.aborted) {
      const why = await look().then(() => '', messageOf);
      // Once per reason: a hub may be down for long.
      if (why !== said && why !== '') warn(`the status of objects in the hub cannot be written: ${why}`);
      said = why;
      await wait(LOOK_EVERY_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    }
  })();

  return {
    look,
    async tell(event) {
      const of = hubRun(event);
      if (of === null) return;
      const object = { kind: 'Service', namespace: of.namespace, name: of.service };
      await writeStatus(object, (before) => runStatus(before, of.run));
    },
    async close() {
      stop.abort();
      await looking;
      const last = opened;
      opened = undefined;
      await (await last?.catch(() => undefined))?.close();
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
