/**
 * platform/registry: what tags an image has, which digest one of them is now, and when it was built (OCI distribution 1.1).
 *
 *   repository ──connect──► Registry ──tags, digestOf, builtAtMs──► core/events/tag-policy
 *
 * Every answer is bounded, and half of the tags is no answer: the newest may be among the others. Nothing is kept.
 */
import type { RegistryAccess } from '../../core/config/types.ts';
import { refuse } from '../../core/values/error.ts';
import { fieldAt } from '../../core/values/json.ts';
import { readCredentials } from './credentials.ts';
import { parseRepository, type Repository } from './repository.ts';
import { createTransport, parsedJson, type Transport } from './transport.ts';

export interface Registry {
  /** Every tag of the repository, in the registry's order. */
  tags(signal: AbortSignal): Promise<readonly string[]>;
  /** `sha256:…` of the manifest, or of the index of platforms, that the tag is now. */
  digestOf(tag: string, signal: AbortSignal): Promise<string>;
  /** When its image was built, ms since the epoch, as its config says; undefined: it does not say. */
  builtAtMs(tag: string, signal: AbortSignal): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface RegistryDeps {
  readonly registries: readonly RegistryAccess[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

const TAGS_PER_PAGE = 1_000;
const MOST_TAGS = 20_000;
/** Registries that give fewer tags than they are asked for. */
const MOST_PAGES = 200;

const manifests = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** @throws TidegateError Invalid, Forbidden */
export async function connectRegistry(written: string, deps: RegistryDeps): Promise<Registry> {
  const repository = parseRepository(written);
  const credentials = await readCredentials(repository.host, deps);
  const transport = createTransport({ repository, credentials });
  const at = (rest: string): URL => new URL(`/v2/${repository.path}/${rest}`, repository.origin);
  const manifest = async (reference: string, signal: AbortSignal): Promise<unknown> => {
    const answer = await transport.get(at(`manifests/${reference}`), { accept: manifests, signal });
    if (answer.status === 404) return absent(repository, reference);
    return parsedJson(answer.text, repository.host);
  };
  return {
    tags: (signal) => listTags({ repository, transport, first: at(`tags/list?n=${TAGS_PER_PAGE}`) }, signal),
    async digestOf(tag, signal) {
      const answer = await transport.get(at(`manifests/${tag}`), { method: 'HEAD', accept: manifests, signal });
      if (answer.status === 404) return absent(repository, tag);
      const digest = answer.header('docker-content-digest');
      if (isDigest(digest)) return digest;
      return refuse(
        'Invalid',
        `${repository.host} does not say the digest of ${repository.path}:${tag}`,
        'use a registry that does (OCI distribution 1.0)',
      );
    },
    async builtAtMs(tag, signal) {
      const whole = await manifest(tag, signal);
      const platforms: unknown = fieldAt(whole, 'manifests');
      // The platforms of one build are built together: any of them says when.
      const one = Array.isArray(platforms) ? await manifest(digestIn(platforms[0]), signal) : whole;
      const config = digestIn(fieldAt(one, 'config'));
      if (config === '') return undefined;
      const answer = await transport.get(at(`blobs/${config}`), { accept: '*/*', signal });
      if (answer.status === 404) return undefined;
      const built = Date.parse(String(fieldAt(parsedJson(answer.text, repository.host), 'created')));
      return Number.isNaN(built) ? undefined : built;
    },
    close: () => transport.close(),
  };
}

const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/u.test(text);

/** '' = there is none that could be one. */
function digestIn(descriptor: unknown): string {
  const digest = fieldAt(descriptor, 'digest');
  return typeof digest === 'string' && isDigest(digest) ? digest : '';
}

const absent = ({ host, path }: Repository, reference: string): never =>
  refuse(
    'Invalid',
    `the registry ${host} has no ${path}${reference === '' ? '' : `:${reference}`}`,
    'is the name right, and was it pushed?',
  );

interface Listing {
  readonly repository: Repository;
  readonly transport: Transport;
  readonly first: URL;
}

async function listTags({ repository, transport, first }: Listing, signal: AbortSignal): Promise<readonly string[]> {
  const tags = new Set<string>();
  let next: URL | undefined = first;
  for (let pages = 0; next !== undefined; pages += 1) {
    if (pages >= MOST_PAGES || tags.size > MOST_TAGS)
      return refuse(
        'Invalid',
        `${repository.host}/${repository.path} has more than ${MOST_TAGS} tags`,
        'let the registry delete old ones',
      );
    const answer = await transport.get(next, { signal });
    if (answer.status === 404) return absent(repository, '');
    const listed = fieldAt(parsedJson(answer.text, repository.host), 'tags');
    // null is what registries say of a repository whose last tag was deleted.
    for (const tag of Array.isArray(listed) ? listed : []) if (typeof tag === 'string' && isTag(tag)) tags.add(tag);
    const link: string | undefined = /<([^>]+)>\s*;\s*rel="?next"?/iu.exec(answer.header('link'))?.[1];
    next = link === undefined ? undefined : new URL(link, next);
  }
  return [...tags];
}

/** As the specification has it; it becomes part of an address. */
const isTag = (text: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/u.test(text);
