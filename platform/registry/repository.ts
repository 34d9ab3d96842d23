/** `ghcr.io/acme/checkout` → where its registry is. */
import { refuse } from '../../core/values/error.ts';
import { isLoopback } from '../../core/values/loopback.ts';

export interface Repository {
  /** As people and docker configs name it: `docker.io`. */
  readonly host: string;
  /** Where it answers. */
  readonly origin: string;
  /** Within the registry: `acme/checkout`. */
  readonly path: string;
}

/** @throws TidegateError Invalid */
export function parseRepository(written: string): Repository {
  const [first = '', ...rest] = written.split('/');
  const hasHost = rest.length > 0 && (/[.:]/u.test(first) || first === 'localhost');
  const host = hasHost ? first : 'docker.io';
  const path = hasHost ? rest.join('/') : written;
  if (!/^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/u.test(path))
    return refuse(
      'Invalid',
      `${written} is no repository of images`,
      'write host/path without tag: ghcr.io/acme/checkout',
    );
  if (host === 'docker.io' || host === 'index.docker.io') {
    const whole = path.includes('/') ? path : `library/${path}`;
    return { host: 'docker.io', origin: 'https://registry-1.docker.io', path: whole };
  }
  // As docker does it: a registry on this very machine need not have a certificate.
  const scheme = isLoopback(host.replace(/:[0-9]+$/u, '')) ? 'http' : 'https';
  return { host, origin: `${scheme}://${host}`, path };
}
