/** Who else selects the pods: pods of an unproven version would get calls by their count, before any share. */
import { mainVersion } from '../../routing/weights.ts';
import type { ClusterFacts, SecondService } from '../../workload/facts.ts';
import { fightText, ignoreRule } from '../../workload/frontend/fights.ts';
import { isSibling } from '../../workload/second-services.ts';
import type { Asked, Problem } from './problem.ts';

export function secondServiceProblems({ config, facts, change }: Asked): Problem[] {
  const { name: service, namespace } = config.service;
  return facts.flatMap((one) =>
    (one.secondServices ?? []).flatMap((second): Problem[] => {
      const where = `${one.cluster}/${namespace}/Service/${second.name}`;
      const proven = mainVersion(one.record?.versions.proven?.[one.cluster]);
      const found =
        change.kind === 'deploy'
          ? reachesUnproven(second, { service, proven, version: change.version })
          : change.kind === 'adopt'
            ? ownedTwice(second, one)
            : null;
      return found === null ? [] : [{ code: 'Invalid', text: `${where} ${found.text}`, fix: found.fix }];
    }),
  );
}

type Fault = Pick<Problem, 'text' | 'fix'> | null;

/** A headless one is left and told: its callers choose among all pods by themselves, as before. */
export function reachesUnproven(
  second: SecondService,
  { service, proven, version }: { readonly service: string; readonly proven: string; readonly version: string },
): Fault {
  const { name, fight, headless, pinned, serving } = second;
  const text = `selects the pods of ${service} too: its callers would get ${version} by pod count, before any share`;
  if (fight !== undefined && isSibling(second))
    return {
      text: `${text}, since its pin does not last: ${fightText(fight, `Service ${name}`)}`,
      fix: `${ignoreRule(fight, name)}; then: tidegate unpause ${service}`,
    };
  if (!serving || pinned !== '' || headless === true || isSibling(second)) return null;
  const pin = `app.kubernetes.io/version: ${proven || 'the proven version'}`;
  return {
    text: `${text}; Tidegate does not pin it, since it may select other pods than these, too`,
    fix: `let its selector have all labels of ${service}'s, so that it is pinned with it; or let its callers call ${service}; or add ${pin} to its selector, and move that by hand after each promotion`,
  };
}

/** Two owners of one set of pods would make two Deployments of each version, and each get the other's. */
function ownedTwice({ name, adopted, serving }: SecondService, { frontend }: ClusterFacts): Fault {
  if (adopted !== true || !serving || frontend === null) return null;
  return {
    text: `has the same pods, and is under Tidegate already: two owners would make two Deployments of each version`,
    fix: `leave this service to ${name}, with whose pin it moves; or release ${name} first`,
  };
}

/** What becomes of their callers is said beforehand. */
export function secondServiceNotes({ config, facts, change }: Asked): string[] {
  const { name: service, namespace } = config.service;
  const said = facts.flatMap(({ cluster, secondServices = [] }) =>
    secondServices.map((second) => ({ second, where: `${cluster}/${namespace}/Service/${second.name}` })),
  );
  if (change.kind === 'release')
    return said
      .filter(({ second }) => second.follows === true)
      .map(({ where }) => `${where} gets its selector back, once pods of the proven version alone are left`);
  if (change.kind !== 'adopt' && change.kind !== 'deploy') return [];
  return said.map(({ second, where }) => `not canaried: ${where} selects the pods of ${service} too${fateOf(second)}`);
}

function fateOf(second: SecondService): string {
  const { pinned, serving, headless, adopted } = second;
  if (isSibling(second)) return ": Tidegate pins it to the proven version, and moves that pin with the frontend's";
  if (headless === true) return '; it is headless, so its callers dial pods of every version: it is left as it is';
  if (adopted === true) return ', and is under Tidegate itself: its own record says what it is pinned to';
  if (pinned !== '') return `, pinned to ${pinned}: move its pin by hand before that version is retired`;
  return serving
    ? ': deploys are refused while its selector names no version'
    : ', by another port: pods of every version get its calls';
}
