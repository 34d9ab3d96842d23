/** chooseImage, resolveImage: the registry of images is asked, with the credentials of this worker. */
import type { ChooseImageInput, ChosenImage, ResolveImageInput } from '../../core/contract/events.ts';
import { chooseTag, fittingTags, policyText, versionOfTag } from '../../core/events/tag-policy.ts';
import { refuse } from '../../core/values/error.ts';
import type { Registry } from '../../platform/registry/registry.ts';

export interface ImageDeps {
  /** By this worker's own config. */
  readonly connectRegistry: (mesh: string, repository: string) => Promise<Registry>;
}

/** Each is three requests. */
const MOST_DATED = 200;
const AT_ONCE = 8;

export async function chooseImage(deps: ImageDeps, input: ChooseImageInput, signal: AbortSignal): Promise<ChosenImage> {
  const { mesh, repository, policy, proven } = input;
  const registry = await deps.connectRegistry(mesh, repository);
  try {
    const tags = await registry.tags(signal);
    const builtAtMs = 'newest' in policy ? await buildTimes(registry, datedTags(input, tags), signal) : new Map();
    const choice = chooseTag({ policy, tags, builtAtMs, proven });
    if (choice.kind !== 'take')
      return { image: '', version: '', reason: `${repository}: ${choice.reason}`, refused: choice.kind === 'refuse' };
    const digest = await registry.digestOf(choice.tag, signal);
    const { version, reason } = choice;
    return {
      image: `${repository}:${choice.tag}@${digest}`,
      version,
      reason: `${repository}: ${reason}`,
      refused: false,
    };
  } finally {
    await registry.close();
  }
}

export async function resolveImage(
  deps: ImageDeps,
  { mesh, image }: ResolveImageInput,
  signal: AbortSignal,
): Promise<string> {
  const [, repository, tag = 'latest'] = /^(.+?)(?::([^:/]+))?$/u.exec(image) ?? [];
  const registry = await deps.connectRegistry(mesh, repository ?? image);
  try {
    return `${repository}:${tag}@${await registry.digestOf(tag, signal)}`;
  } finally {
    await registry.close();
  }
}

/** What is compared: what fits, and the tags that the proven versions were made of. */
function datedTags({ repository, policy, proven }: ChooseImageInput, tags: readonly string[]): readonly string[] {
  const dated = new Set([...fittingTags(policy, tags), ...tags.filter((tag) => proven.includes(versionOfTag(tag)))]);
  if (dated.size <= MOST_DATED) return [...dated];
  return refuse(
    'Invalid',
    `${repository} has ${dated.size} tags for ${policyText(policy)}, and each must be asked when it was built`,
    `name those that count (newest.tags), at most ${MOST_DATED}; or take semver or regex, which read names only`,
  );
}

async function buildTimes(
  registry: Registry,
  tags: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  const left = [...tags];
  const worker = async (): Promise<void> => {
    for (let tag = left.pop(); tag !== undefined; tag = left.pop()) {
      const builtAtMs = await registry.builtAtMs(tag, signal);
      if (builtAtMs !== undefined) times.set(tag, builtAtMs);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return times;
}
