/**
 * What a way back needs of a config that has faults: the Mesh documents and the named Service, each by itself. A typo in
 * another team's document is no reason to leave traffic where it is.
 */
import { API_VERSION } from './mesh-schema.ts';
import { checkConfig, type ReadConfig } from './parse.ts';
import type { CheckedConfig } from './resolve.ts';
import { readDocuments, type SourceDocument } from './source.ts';
import type { ReadTemplate } from './template.ts';
import { recordOf } from '../values/json.ts';

export interface NamedService {
  readonly service: string;
  readonly namespace?: string;
  readonly mesh?: string;
}

/** The Mesh documents that are whole, and the named Services that are. Takes documents that nobody has checked before. */
export function checkForWayBack(read: ReadConfig, wanted: NamedService, readTemplate: ReadTemplate): CheckedConfig {
  const one = (documents: readonly SourceDocument[]): CheckedConfig | undefined => {
    const parsed = checkConfig({ ...read, documents, problems: [] }, readTemplate);
    return parsed.ok ? parsed.config : undefined;
  };
  const whole = read.documents.filter((document) => isKind(document, 'Mesh') && one([document]) !== undefined);
  const meshes = whole.flatMap((document) => one([document])?.meshes ?? []);
  const services = read.documents
    .filter((document) => isNamed(document, wanted))
    .flatMap((document) => {
      const found = one([...whole, document]);
      if (found !== undefined) return found.services;
      // A way back makes no version, so it needs no template.
      document.removeKey(['spec'], 'template');
      return one([...whole, document])?.services ?? [];
    });
  return { meshes, services };
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

/** The service with every default: what it is and who calls it is in the records. */
export function withDefaults(config: CheckedConfig, of: Required<NamedService>): CheckedConfig {
  const document = {
    ...{ apiVersion: API_VERSION, kind: 'Service', metadata: { name: of.service, namespace: of.namespace } },
    spec: { mesh: of.mesh },
  };
  const { documents, problems } = readDocuments({ path: 'defaults', text: JSON.stringify(document) });
  const mesh = config.meshes.find(({ written }) => written.metadata.name === of.mesh);
  const read: ReadConfig = { documents, problems, templates: new Map(), elsewhere: [] };
  const checked = mesh === undefined ? undefined : checkAlone(read);
  return { meshes: config.meshes, services: checked?.services ?? [] };
}

/** Without its mesh: what the Service says of clusters is nothing. */
function checkAlone({ documents, ...read }: ReadConfig): CheckedConfig | undefined {
  const parsed = checkConfig({ ...read, documents }, () => undefined);
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
