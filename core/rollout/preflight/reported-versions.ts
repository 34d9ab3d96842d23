/**
 * Do the running pods call themselves what an adoption calls them? Every count of theirs is read by that name: under
 * another one an adoption would wait for numbers that never come, until a person is asked.
 */
import type { Change } from '../change.ts';
import type { Plan } from '../plan/plan.ts';
import type { Problem } from './problem.ts';

/** What the service's own series said in the last minutes, per serving cluster. */
export interface ReportedVersions {
  readonly cluster: string;
  /** Values of the label service_version; '' stands for series without it. Empty: no series at all. */
  readonly versions: readonly string[];
}

export interface VersionCheck {
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

type Reported = Pick<Plan, 'service' | 'version' | 'slos' | 'sources' | 'versionBy'>;

export function checkReported(
  plan: Reported,
  reported: readonly ReportedVersions[],
  change: Extract<Change, { kind: 'adopt' }>,
): VersionCheck {
  const bare = reported.filter(({ versions }) => versions.length > 0 && versions.every((version) => version === ''));
  const others = reported.filter(({ versions }) => {
    const named = versions.filter((version) => version !== '');
    return named.length > 0 && !named.includes(plan.version);
  });
  const problems = others.length > 0 ? [mismatch(plan, others, change)] : [];
  if (bare.length === 0) return { problems, notes: [] };
  // What the adoption makes says it: there are counts by version from then on.
  const mended = bare.filter(({ cluster }) => plan.sources[cluster]?.serviceVersion === 'env');
  if (mended.length === bare.length) return { problems, notes: [mendedNote(plan, mended)] };
  const unnamed = bareProblem(plan.service.service, bare);
  // Without counts of the pods themselves nothing is read by version there: Envoy's are by subset.
  const needed = plan.slos.some(({ source }) => source === 'server');
  return needed
    ? { problems: [...problems, unnamed], notes: [] }
    : { problems, notes: [`${unnamed.text} (${unnamed.fix})`] };
}

function mismatch(
  { service: { service }, version, versionBy }: Reported,
  others: readonly ReportedVersions[],
  { version: asked }: Extract<Change, { kind: 'adopt' }>,
): Problem {
  const seen = [...new Set(others.flatMap(({ versions }) => versions))].filter((one) => one !== '').sort();
  const where = others.map((one) => `${one.cluster}: ${one.versions.filter((name) => name !== '').join(', ')}`);
  const unlabelled = `the pods of ${service} carry no label app.kubernetes.io/version, and by what else they say they are ${version}`;
  const labelled = `the pods of ${service} are labelled ${version}`;
  const isLabelled = asked === undefined && versionBy === undefined;
  const claim = asked !== undefined ? `--version ${version}` : isLabelled ? labelled : unlabelled;
  const [only] = seen;
  const named = seen.length === 1 && only !== undefined;
  const same = 'make the label app.kubernetes.io/version and service.version (OTEL_RESOURCE_ATTRIBUTES) the same text';
  return {
    code: 'Invalid',
    text: `${claim}, but the metrics of ${service} say service.version ${seen.join(', ')} (${where.join('; ')}): nothing would be counted for ${version}`,
    fix: isLabelled ? same : named ? `say --version ${only}` : 'say --version with the one that runs',
  };
}

const bareProblem = (service: string, bare: readonly ReportedVersions[]): Problem => ({
  code: 'Invalid',
  text: `the metrics of ${service} carry no label service_version (${bare.map(({ cluster }) => cluster).join(', ')}): versions could not be told apart`,
  fix: 'set service.version for the pods (OTEL_RESOURCE_ATTRIBUTES), or let Tidegate do so (spec.serviceVersion: env in the Service document), and let the backend keep it as a label (otlp.promote_resource_attributes)',
});

const mendedNote = ({ service: { service }, version }: Reported, mended: readonly ReportedVersions[]): string =>
  `the metrics of ${service} carry no label service_version yet (${mended.map(({ cluster }) => cluster).join(', ')}): the Deployment that this makes says ${version} in OTEL_RESOURCE_ATTRIBUTES (spec.serviceVersion: env); if the backend does not keep it as a label (otlp.promote_resource_attributes), or the pods read no such variable, the adoption waits for counts and asks a person`;
