/**
 * What a 404 means. An API server says that an object is not there with a Status of reason NotFound; a kind that it does
 * not have is a bare "404 page not found", and so is a page of a proxy in between. Only discovery tells the last two
 * apart: absence is believed when the API server's own lists lack the kind.
 */
import { TidegateError } from '../../core/values/error.ts';
import { fieldAt, isRecord } from '../../core/values/json.ts';
import type { ResourceType } from '../../core/kube/kinds.ts';
import type { ApiAnswer, CallOptions, Transport } from './transport.ts';

/** A CRD that is installed or taken away is noticed after this long, ms. */
const KEPT_MS = 60_000;

export interface Discovery {
  /** Does the API server lack the kind? Throws when it does not say. */
  lacks(type: ResourceType, options?: CallOptions): Promise<boolean>;
  /** Does it lack the whole group and version, as in `/apis/cilium.io/v2`? */
  lacksPath(path: string, options?: CallOptions): Promise<boolean>;
}

/** One per API server, since the answers are kept for a minute. */
export function createDiscovery(
  transport: Pick<Transport, 'call'>,
  clock: () => number = () => performance.now(),
): Discovery {
  const kept = new Map<string, { readonly at: number; readonly kinds: ReadonlySet<string> }>();

  async function read(path: string, options: CallOptions): Promise<ApiAnswer> {
    return transport.call({ method: 'GET', path, verb: 'discover', object: path.slice(1) }, options);
  }

  /** Empty: the API server does not have the group and version. */
  async function kindsOf(apiVersion: string, options: CallOptions): Promise<ReadonlySet<string>> {
    const known = kept.get(apiVersion);
    if (known !== undefined && clock() - known.at < KEPT_MS) return known.kinds;
    const kinds = (await serves(apiVersion, options)) ? await listedKinds(apiVersion, options) : new Set<string>();
    kept.set(apiVersion, { at: clock(), kinds });
    return kinds;
  }

  async function serves(apiVersion: string, options: CallOptions): Promise<boolean> {
    const groups = listIn(await read('/apis', options), { kind: 'APIGroupList', field: 'groups' });
    const versions = groups.flatMap((group) => {
      const found = fieldAt(group, 'versions');
      return Array.isArray(found) ? (found as unknown[]) : [];
    });
    return versions.some((version) => fieldAt(version, 'groupVersion') === apiVersion);
  }

  async function listedKinds(apiVersion: string, options: CallOptions): Promise<ReadonlySet<string>> {
    const answer = await read(`/apis/${apiVersion}`, options);
    if (isNotFound(answer)) return new Set();
    const resources = listIn(answer, { kind: 'APIResourceList', field: 'resources' });
    return new Set(resources.map((resource) => String(fieldAt(resource, 'kind'))));
  }

  return {
    // Kinds of the core group are part of every API server.
    lacks: async ({ apiVersion, kind }, options = {}) =>
      apiVersion.includes('/') && !(await kindsOf(apiVersion, options)).has(kind),
    async lacksPath(path, options = {}) {
      const apiVersion = /^\/apis\/([^/]+\/[^/]+)$/.exec(path)?.[1];
      return apiVersion !== undefined && !(await serves(apiVersion, options));
    },
  };
}

/** The API server's own word that what was asked for is not there. */
export function isNotFound({ status, body }: ApiAnswer): boolean {
  return status === 404 && isRecord(body) && body['kind'] === 'Status' && body['reason'] === 'NotFound';
}

/** A 404 that is nobody's word: a proxy's page, or a path of an aggregated API that is being restarted. */
export function notFromApiServer(where: string, verb: string): TidegateError {
  return new TidegateError(
    'Unavailable',
    `${where}: ${verb}: HTTP 404 that is not the API server's own answer: nothing is known about the object`,
    {
      fix: 'look at what stands between the worker and the API server (proxy, load balancer, server of the kubeconfig)',
    },
  );
}

function listIn({ body }: ApiAnswer, { kind, field }: { kind: string; field: string }): readonly unknown[] {
  const found = fieldAt(body, field);
  if (fieldAt(body, 'kind') === kind && Array.isArray(found)) return found as unknown[];
  throw new TidegateError('Unavailable', `the API server's discovery does not answer with an ${kind}`, {
    fix: 'look at what stands between the worker and the API server (proxy, load balancer, server of the kubeconfig)',
  });
}
