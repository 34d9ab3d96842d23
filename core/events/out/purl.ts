/** Package URLs (purl-spec), by which CDEvents name what was built. */

interface Built {
  readonly namespace: string;
  readonly service: string;
  readonly version: string;
  readonly image?: string;
}

/** `pkg:oci/checkout@sha256:…?repository_url=ghcr.io/acme/checkout&tag=v2`; without an image the service and its version. */
export function purlOf({ namespace, service, version, image }: Built): string {
  if (image === undefined || image === '')
    return `pkg:generic/${escaped(namespace)}/${escaped(service)}@${escaped(version)}`;
  const [named = '', digest = ''] = image.split('@');
  const slash = named.lastIndexOf('/');
  const colon = named.indexOf(':', slash + 1);
  const repository = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? '' : named.slice(colon + 1);
  const name = repository.slice(repository.lastIndexOf('/') + 1).toLowerCase();
  const at = digest === '' ? '' : `@${escaped(digest)}`;
  const where = slash === -1 ? [] : [`repository_url=${escaped(repository)}`];
  const qualifiers = [...where, ...(tag === '' ? [] : [`tag=${escaped(tag)}`])];
  return `pkg:oci/${escaped(name)}${at}${qualifiers.length === 0 ? '' : `?${qualifiers.join('&')}`}`;
}

/** The specification leaves colons as they are, and slashes in the values of qualifiers. */
const escaped = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%2F', '/');
