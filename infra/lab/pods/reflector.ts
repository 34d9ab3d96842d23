import type { KubeClient, KubeObject } from '../api/kube-client.ts';

/** A copy of one resource of one cluster, kept by list and watch. */
export interface Reflector<T extends KubeObject> {
  readonly synced: boolean;
  all(): T[];
  get(namespace: string | undefined, name: string): T | undefined;
  /** What the API server answered to our own write: visible at once, so that nothing is written twice. */
  put(object: T): void;
  stop(): void;
}

const retryMs = 300;

export function startReflector<T extends KubeObject>(
  client: KubeClient,
  resource: { path: string; query?: string },
  onChange: () => void,
): Reflector<T> {
  const objects = new Map<string, T>();
  const abort = new AbortController();
  const query = resource.query === undefined ? '' : `${resource.query}&`;
  let synced = false;

  function put(object: T): void {
    const key = keyOf(object);
    const held = objects.get(key);
    if (held && versionOf(held) > versionOf(object)) return;
    objects.set(key, object);
    onChange();
  }

  async function listAndWatch(): Promise<void> {
    const list = await client.get<{
      kind: string;
      apiVersion: string;
      metadata: { resourceVersion: string };
      items: T[];
    }>(`${resource.path}?${query}`);
    objects.clear();
    for (const item of list.items) objects.set(keyOf(item), item);
    synced = true;
    onChange();
    let version = list.metadata.resourceVersion;
    while (!abort.signal.aborted) {
      const path = `${resource.path}?${query}watch=1&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion=${version}`;
      await client.watch(path, abort.signal, ({ type, object }) => {
        if (type === 'ERROR') throw new Error(object.message ?? 'watch error');
        version = object.metadata.resourceVersion ?? version;
        if (type === 'BOOKMARK') return;
        if (type === 'DELETED') {
          objects.delete(keyOf(object));
          onChange();
        } else put(object as unknown as T);
      });
    }
  }

  async function loop(): Promise<void> {
    while (!abort.signal.aborted) {
      // A broken watch or an API server that is away: list again until it is back.
      await listAndWatch().catch(() => undefined);
      if (!abort.signal.aborted) await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
  void loop();

  return {
    get synced() {
      return synced;
    },
    all: () => [...objects.values()],
    get: (namespace, name) => objects.get(`${namespace ?? ''}/${name}`),
    put,
    stop: () => abort.abort(),
  };
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function versionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion ?? 0);
}
