/** The version that the name of an image says. Pure. */

interface NamedVersion {
  /** '' = it says none. */
  readonly version: string;
  /** Why not; '' where it says one. */
  readonly why: string;
}

/** Tags that people move from build to build: a version name stands for one build, for ever. */
const movingTags: readonly string[] = [
  ...['latest', 'stable', 'edge', 'nightly', 'snapshot', 'main', 'master', 'trunk', 'head', 'develop', 'development'],
  ...['dev', 'staging', 'prod', 'production', 'canary', 'release', 'current'],
];

/** Of the digest, characters: as much as people read, and too much to be met twice in one service. */
const DIGEST_LENGTH = 12;

/** What a label can hold, and a deploy takes. */
const LABEL_VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

export const isVersionName = (text: string): boolean => LABEL_VALUE.test(text);

/** Of `registry:5000/team/checkout:v1@sha256:…` the tag, where it stands for one build; else the digest, shortened. */
export function imageVersion(image: string): NamedVersion {
  const [name = '', digest = ''] = image.split('@');
  const tag = /:([^/:]*)$/.exec(name)?.[1] ?? '';
  const why = tagFault(tag);
  if (why === '') return { version: tag, why };
  const [algorithm = '', hex = ''] = digest.split(':');
  if (!/^[a-z0-9]+$/.test(algorithm) || !/^[0-9a-f]{32,}$/.test(hex)) return { version: '', why };
  return { version: `${algorithm}-${hex.slice(0, DIGEST_LENGTH)}`, why: '' };
}

/** '' = it stands for one build. */
function tagFault(tag: string): string {
  if (tag === '') return 'has no tag';
  if (movingTags.includes(tag.toLowerCase())) return `has tag ${tag}, which is moved from build to build`;
  return isVersionName(tag) ? '' : `has tag ${tag}, which cannot be a label value`;
}
