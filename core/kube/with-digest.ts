/** The digest annotation: equal digest means that nothing has to be written. */
import { canonical, digestOf } from '../values/canonical.ts';
import { annotations } from './labels.ts';
import type { Manifest } from './objects.ts';

const withoutDigest = (manifest: Manifest): Manifest => {
  const rest = Object.entries(manifest.metadata.annotations ?? {}).filter(([name]) => name !== annotations.digest);
  return { ...manifest, metadata: { ...manifest.metadata, annotations: Object.fromEntries(rest) } };
};

/** The manifest in canonical form with the digest of all the rest of it; the same for a manifest that has one already. */
export const withDigest = (manifest: Manifest): Manifest => {
  const plain = canonical(withoutDigest(manifest));
  const digest = digestOf(plain);
  return canonical({
    ...plain,
    metadata: { ...plain.metadata, annotations: { ...plain.metadata.annotations, [annotations.digest]: digest } },
  });
};
