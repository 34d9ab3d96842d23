/** Which version an adoption takes what runs for: by its label, by --version, or by what else says it. */
import type { LoadedConfig } from '../../config/types.ts';
import type { ClusterFacts, WorkloadFacts } from '../../workload/facts.ts';
import { isVersionName } from '../../workload/origin/image-version.ts';
import { isFresh, originals } from './serving-facts.ts';
import type { Problem } from './problem.ts';

/** Who says which version runs. */
type VersionSaidBy = 'label' | 'person' | 'pods';

interface OriginalVersion {
  /** '' = nothing says it. */
  readonly version: string;
  readonly by: VersionSaidBy;
}

interface Original extends WorkloadFacts {
  readonly cluster: string;
}

const originalsIn = (facts: readonly ClusterFacts[]): Original[] =>
  facts.filter(isFresh).flatMap((one) => originals(one).map((found) => ({ ...found, cluster: one.cluster })));

/** A label goes before all else: the version's pods carry it, and so do the metrics by which they are judged. */
export function originalVersion(facts: readonly ClusterFacts[], asked: string | undefined): OriginalVersion {
  const all = originalsIn(facts);
  if (asked !== undefined) return { version: asked, by: 'person' };
  const labelled = all.find(({ version }) => version !== '')?.version ?? '';
  if (labelled !== '') return { version: labelled, by: 'label' };
  return { version: all.map(derivedOf).find((version) => version !== '') ?? '', by: 'pods' };
}

const derivedOf = ({ derived }: Original): string => derived?.version ?? '';

/** Of one original; '' = nothing says it. */
export const saidVersion = ({ version, derived }: WorkloadFacts): string => version || (derived?.version ?? '');

export function originalVersionProblems(
  { service }: LoadedConfig,
  facts: readonly ClusterFacts[],
  asked: string | undefined,
): Problem[] {
  const all = originalsIn(facts);
  const labelled = [...new Set(all.map(({ version }) => version))].filter((version) => version !== '');
  const [label] = labelled;
  const invalid = (text: string, fix: string): Problem[] => [{ code: 'Invalid', text, fix }];
  if (labelled.length > 1)
    return invalid(
      `${service.name} runs different versions (${labelled.join(', ')})`,
      'bring all clusters to one version first: adoption is a rollout of the same build',
    );
  if (asked !== undefined) {
    if (!isVersionName(asked))
      return invalid(
        `version ${JSON.stringify(asked)} cannot be a label value`,
        'use at most 63 letters, digits, ., _ and -',
      );
    return label === undefined || asked === label
      ? []
      : invalid(`--version ${asked}, but the running pods are labelled ${label}`, 'leave --version out, or correct it');
  }
  return derivedProblems(service, all, label).flatMap(({ text, fix }) => invalid(text, fix));
}

/** Pods without the label say what the others say, or the same as each other. */
function derivedProblems(
  { name, namespace }: LoadedConfig['service'],
  all: readonly Original[],
  label: string | undefined,
): Pick<Problem, 'text' | 'fix'>[] {
  const bare = all.filter(({ version }) => version === '');
  const said = [...new Set(bare.map(derivedOf))].filter((version) => version !== '');
  const where = ({ cluster, deployment }: Original): string => `${cluster}/${namespace}/Deployment/${deployment}`;
  const others = said.filter((version) => version !== label);
  if (said.length > 1 || (label !== undefined && others.length > 0)) {
    const each = bare.filter((one) => derivedOf(one) !== '').map((one) => `${where(one)}: ${saying(one)}`);
    const labels = label === undefined ? '' : `labelled ${label}; `;
    return [
      {
        text: `${name} runs different versions, by what its pods say (${labels}${each.join('; ')})`,
        fix: 'bring all clusters to one version first: adoption is a rollout of the same build; or, if they are one build, say which: --version V',
      },
    ];
  }
  if (said.length > 0 || label !== undefined) return [];
  return bare.slice(0, 1).map((one) => ({
    text: `${where(one)}: the pods of ${name} carry no label app.kubernetes.io/version${reasonOf(one)}`,
    fix: 'say which version they are: --version V (it must equal their OpenTelemetry service.version)',
  }));
}

const saying = ({ derived }: Original): string => `${derived?.version ?? ''} by ${derived?.by ?? ''}`;

const reasonOf = ({ derived }: Original): string => (derived === undefined ? '' : `, and ${derived.why}`);

/** What the reader of the plan should know of a version that no label says. */
export function originalVersionNotes(facts: readonly ClusterFacts[], asked: string | undefined): string[] {
  const { version, by } = originalVersion(facts, asked);
  if (by !== 'pods' || version === '') return [];
  const [first] = originalsIn(facts).filter((one) => derivedOf(one) === version);
  return [
    `adopted as ${version}, by ${first?.derived?.by ?? ''}: the pods of ${first?.deployment ?? ''} carry no label app.kubernetes.io/version; if their metrics call it otherwise, say --version V`,
  ];
}
