/**
 * Routes beside the split by weight: testers, who reach a version at any share, and users who are kept on their arm. Each
 * leads to one subset, and Envoy counts its requests under that subset's stat name: who proves the weights takes them off
 * (core/judge/arms/subset-traffic.ts).
 */
import type { KeptArm } from '../../routing/kept-arms.ts';
import type { L7Policy, Mark, StickyRoute, Weight } from '../../routing/record.ts';
import { WHOLE } from '../../values/share.ts';
import { routeLimits } from './route-limits.ts';

export interface Aside {
  /** Empty: there are no testers, or no cluster that this client calls has their version. */
  readonly testers: readonly Weight[];
  readonly mark?: Mark;
  /** Empty: nobody is kept. */
  readonly kept: readonly KeptArm[];
  readonly sticky?: StickyRoute;
}

export const asideRoutes = ({ testers, mark, kept, sticky }: Aside, policy: L7Policy): readonly unknown[] => [
  ...(mark === undefined ? [] : testerRoutes(testers, mark, policy)),
  ...(sticky === undefined
    ? []
    : kept.map((arm) => ({
        match: { prefix: '/', headers: [cookie(sticky.cookie, arm.cookieValue)] },
        route: toOne(arm, policy),
        stat_prefix: arm.statName,
      }))),
];

/**
 * One route per subset, so that each has a counter. Envoy draws one number per request for all of them: the first whose
 * bound it does not reach takes the request, the last takes what is left.
 */
function testerRoutes(testers: readonly Weight[], mark: Mark, policy: L7Policy): readonly unknown[] {
  const headers = [mark.header === undefined ? cookie(mark.cookie, mark.value) : header(mark)];
  let numerator = 0;
  return testers.map((one, i) => {
    numerator += one.weight;
    const drawn = { runtime_fraction: { default_value: { numerator, denominator: 'MILLION' } } };
    return {
      match: { prefix: '/', headers, ...(i < testers.length - 1 && drawn) },
      route: toOne(one, policy),
      stat_prefix: one.statName,
    };
  });
}

const toOne = ({ name }: Weight, policy: L7Policy): Record<string, unknown> => ({
  ...routeLimits(policy),
  weighted_clusters: { clusters: [{ name, weight: WHOLE }] },
});

const header = ({ header: name, value }: Extract<Mark, { readonly header: string }>): Record<string, unknown> => ({
  name,
  ...(value === undefined ? { present_match: true } : { string_match: { exact: value } }),
});

/** A cookie among others. Envoy reads several headers of one name as one, with a comma between them. */
const cookie = (name: string, value: string): Record<string, unknown> => ({
  name: 'cookie',
  string_match: { safe_regex: { regex: `(?:.*[;,]\\s*)?${literal(name)}=${literal(value)}\\s*(?:[;,].*)?` } },
});

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** What the first answer of an arm tells a browser: the cookie goes to no script, and not along from other sites' pages. */
export function cookieOf({ kept, sticky }: Aside, name: string): Record<string, unknown> {
  const arm = kept.find((one) => one.name === name);
  if (arm === undefined || sticky === undefined) return {};
  const maxAgeS = Math.floor(sticky.ttlMs / 1000);
  const value = `${sticky.cookie}=${arm.cookieValue}; Max-Age=${String(maxAgeS)}; Path=/; HttpOnly; SameSite=Lax`;
  return { response_headers_to_add: [{ header: { key: 'set-cookie', value } }] };
}
