/**
 * Which tag of an image is deployed: what the policy says is newest, and never one below what is proven. An event only says
 * that something was pushed, so the order in which pushes are heard of plays no role.
 */
import semver from 'semver';
import { compilePattern } from '../cel/pattern.ts';
import type { TagPolicy } from '../config/events/types.ts';
import { sha256Hex } from '../values/digest.ts';

export interface TagQuestion {
  readonly policy: TagPolicy;
  /** Every tag of the repository, in any order. */
  readonly tags: readonly string[];
  /** By tag when its image was built, ms since the epoch; what is not in it is not known. Of `newest` only. */
  readonly builtAtMs: ReadonlyMap<string, number>;
  /** Versions that are proven, in whichever cluster. */
  readonly proven: readonly string[];
}

export type TagChoice =
  | { readonly kind: 'take'; readonly tag: string; readonly version: string; readonly reason: string }
  | { readonly kind: 'ignore'; readonly reason: string }
  | { readonly kind: 'refuse'; readonly reason: string };

/** Tags that the policy chooses from. */
export function fittingTags(policy: TagPolicy, tags: readonly string[]): readonly string[] {
  if ('semver' in policy) return tags.filter((tag) => semver.satisfies(tag, policy.semver));
  const pattern = 'regex' in policy ? policy.regex : policy.newest;
  return pattern === '' ? tags : tags.filter(compilePattern(pattern));
}

export function chooseTag(question: TagQuestion): TagChoice {
  const { policy, tags, proven } = question;
  const order = orderOf(question);
  const fitting = fittingTags(policy, tags);
  const undated = fitting.filter((tag) => order(tag, tag) === undefined);
  if (undated.length > 0)
    return { kind: 'refuse', reason: `the image of ${undated.slice(0, 3).join(', ')} does not say when it was built` };
  // Of two that are equal the one whose name is later, whatever order they are listed in.
  const newest = fitting.reduce<string | undefined>(
    (best, tag) => (best === undefined || isAfter(order(tag, best) ?? 0, tag > best) ? tag : best),
    undefined,
  );
  if (newest === undefined) return { kind: 'ignore', reason: `no tag fits ${policyText(policy)}` };
  const version = versionOfTag(newest);
  for (const one of proven) {
    if (one === version) return { kind: 'ignore', reason: `nothing newer: ${version} is proven already` };
    const placed = placeOf(one, question);
    const compared = placed === undefined ? undefined : order(newest, placed);
    if (compared === undefined) return { kind: 'refuse', reason: unplaced(one, newest, policy) };
    if (compared <= 0)
      return {
        kind: 'ignore',
        reason: `nothing newer: ${newest} is the newest by ${policyText(policy)}, and ${one} is proven`,
      };
  }
  return { kind: 'take', tag: newest, version, reason: `${newest} is the newest by ${policyText(policy)}` };
}

const isAfter = (compared: number, later: boolean): boolean => compared > 0 || (compared === 0 && later);

const unplaced = (proven: string, newest: string, policy: TagPolicy): string =>
  `is ${newest} newer than ${proven}, which is proven? ${policyText(policy)} does not say, and none below it is taken: deploy once by hand (tidegate deploy), or widen the policy`;

export const policyText = (policy: TagPolicy): string => {
  if ('semver' in policy) return `semver ${policy.semver}`;
  if ('regex' in policy) return `regex ${policy.regex} (${policy.order})`;
  return policy.newest === '' ? 'newest' : `newest of ${policy.newest}`;
};

type Order = (a: string, b: string) => number | undefined;

/** undefined: the policy has no order for the two. */
function orderOf({ policy, builtAtMs }: TagQuestion): Order {
  if ('semver' in policy) {
    return (a, b) => {
      const [left, right] = [semver.parse(a), semver.parse(b)];
      return left === null || right === null ? undefined : semver.compare(left, right);
    };
  }
  if ('regex' in policy) return policy.order === 'numeric' ? byNumbers : byText;
  return (a, b) => {
    const [left, right] = [builtAtMs.get(a), builtAtMs.get(b)];
    return left === undefined || right === undefined ? undefined : left - right;
  };
}

/** The tag that a version was made of; where it is gone from the registry, its name stands for it, if the policy reads that. */
function placeOf(version: string, { policy, tags }: TagQuestion): string | undefined {
  const tag = tags.find((one) => versionOfTag(one) === version);
  if ('semver' in policy) return tag ?? version;
  if ('newest' in policy) return tag;
  const name = tag ?? version;
  return compilePattern(policy.regex)(name) ? name : undefined;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `main-9` before `main-10`: runs of digits are compared as numbers, all else as text. */
function byNumbers(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const [one = '', other = ''] = [left[i], right[i]];
    const compared = isDigits(one) && isDigits(other) ? compareDigits(one, other) : byText(one, other);
    if (compared !== 0) return compared;
  }
  return 0;
}

const partsOf = (tag: string): readonly string[] => tag.match(/[0-9]+|[^0-9]+/gu) ?? [];
const isDigits = (text: string): boolean => /^[0-9]+$/u.test(text);

const compareDigits = (a: string, b: string): number => {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** A version is a label's value; so is nearly every tag. Another one is cut, and told from its like by a hash. */
export function versionOfTag(tag: string): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/u.test(tag)) return tag;
  const plain = tag
    .replace(/^[^A-Za-z0-9]+/u, '')
    .slice(0, 50)
    .replace(/[^A-Za-z0-9]+$/u, '');
  return `${plain === '' ? 'tag' : plain}-${sha256Hex(tag).slice(0, 8)}`;
}
