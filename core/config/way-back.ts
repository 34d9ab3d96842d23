/**
 * What a way back needs of a config that has faults: the Mesh documents and the named Service, each by itself. A typo in
 * another team's document is no reason to leave traffic where it is.
 */
import { noEvents, type SenderConfig, type SinkConfig } from './events/types.ts';
import { API_VERSION } from './mesh-schema.ts';
import { checkConfig, type ReadConfig } from './parse.ts';
import type { CheckedConfig } from './resolve.ts';
import { readDocuments, type SourceDocument } from './source.ts';
import { recordOf } from '../values/json.ts';

export interface NamedService {
  readonly service: string;
  readonly namespace?: string;
  readonly mesh?: string;
}

/** The Mesh documents that are whole, and the named Services that are. Takes documents that nobody has checked before. */
export function checkForWayBack(read: ReadConfig, wanted: NamedService): CheckedConfig {
  const meshes = wholeMeshes(read);
  const named = read.documents.filter((document) => isNamed(document, wanted));
  const services = named.flatMap((document) => {
    // A way back makes no version, so it needs no template; and no window holds it.
    document.removeKey(['spec'], 'template');
    document.removeKey(['spec', 'rollout'], 'windows');
    return checkAlone({ ...read, documents: [...meshes, document] })?.services ?? [];
  });
  return {
    meshes: checkAlone({ ...read, documents: meshes })?.meshes ?? [],
    services,
    events: { ...noEvents, sinks: checkSinks(read) },
  };
}

/** The Mesh documents that are whole, whatever else is wrong. Takes documents that nobody has checked before. */
export const checkMeshes = (read: ReadConfig): CheckedConfig =>
  checkAlone({ ...read, documents: wholeMeshes(read) }) ?? { meshes: [], services: [], events: noEvents };

/** The sinks that are whole, whatever else is wrong. Takes documents that nobody has checked before. */
export const checkSinks = (read: ReadConfig): readonly SinkConfig[] =>
  read.documents
    .filter((document) => isKind(document, 'Sink'))
    .flatMap((document) => checkAlone({ ...read, documents: [document] })?.events.sinks ?? []);

/** What the Sender documents say, whatever is wrong elsewhere. */
export interface SendersToday {
  /** Those whose own document is right. */
  readonly whole: readonly SenderConfig[];
  /** Of all Sender documents, right or not; undefined: a file cannot be read, and may hold any. */
  readonly names: readonly string[] | undefined;
}

/** Takes documents that nobody has checked before. */
export function checkSenders(read: ReadConfig): SendersToday {
  const documents = read.documents.filter((document) => recordOf(document.value())['kind'] === 'Sender');
  const names = documents.map((document) => String(recordOf(recordOf(document.value())['metadata'])['name']));
  // Of two of one name nobody knows which is meant.
  const single = documents.filter((_, i) => names.indexOf(names[i] ?? '') === names.lastIndexOf(names[i] ?? ''));
  return {
    whole: single.flatMap((document) => checkAlone({ ...read, documents: [document] })?.events.senders ?? []),
    names: read.problems.length > 0 ? undefined : names,
  };
}

/** Where documents put the service, as far as they can be read: enough for a restore, which needs no more of it. */
export function placesOf({ documents }: ReadConfig, wanted: NamedService): NamedService[] {
  return documents
    .filter((document) => isNamed(document, wanted))
    .flatMap((document) => {
      const { metadata, spec } = recordOf(document.value());
      const [namespace, mesh] = [recordOf(metadata)['namespace'], recordOf(spec)['mesh']];
      if (typeof namespace !== 'string') return [];
      return [{ service: wanted.service, namespace, ...(typeof mesh === 'string' && { mesh }) }];
    });
}

/** The service with every default: who serves it, and who calls it, is in the records. */
export function checkDefaults(read: ReadConfig, of: Required<NamedService>): CheckedConfig {
  const document = {
    ...{ apiVersion: API_VERSION, kind: 'Service', metadata: { name: of.service, namespace: of.namespace } },
    spec: { mesh: of.mesh },
  };
  const { documents } = readDocuments({ path: 'defaults', text: JSON.stringify(document) });
  const meshes = wholeMeshes(read);
  return (
    checkAlone({ ...read, documents: [...meshes, ...documents] }) ?? { meshes: [], services: [], events: noEvents }
  );
}

const wholeMeshes = (read: ReadConfig): readonly SourceDocument[] =>
  read.documents.filter((document) => {
    if (!isKind(document, 'Mesh')) return false;
    // Neither says how a cluster is reached: a fault in a window must hold nobody's way back.
    document.removeKey(['spec'], 'windows');
    document.removeKey(['spec'], 'approvals');
    return checkAlone({ ...read, documents: [document] }) !== undefined;
  });

/** These documents as if they were the whole config; undefined when they have faults of their own. A check corrects what
 * it has looked at, so that each document is checked for its own sake once. */
function checkAlone(read: ReadConfig): CheckedConfig | undefined {
  const parsed = checkConfig({ ...read, problems: [] }, () => undefined);
  return parsed.ok ? parsed.config : undefined;
}

const isKind = (document: SourceDocument, wanted: string): boolean => {
  const { apiVersion, kind } = recordOf(document.value());
  return kind === wanted && (apiVersion === undefined || apiVersion === API_VERSION);
};

const isNamed = (document: SourceDocument, { service, namespace }: NamedService): boolean => {
  const { name, namespace: place } = recordOf(recordOf(document.value())['metadata']);
  return isKind(document, 'Service') && name === service && (namespace === undefined || place === namespace);
};
