/** A Trigger document: what its schema cannot say, and what it means once it is checked. */
import semver from 'semver';
import { compileExpression } from '../../cel/expression.ts';
import { compilePattern } from '../../cel/pattern.ts';
import { TidegateError } from '../../values/error.ts';
import { isRecord, recordOf } from '../../values/json.ts';
import { suggestName } from '../nearest.ts';
import { type ConfigPath, type ConfigProblem, formatPath, shortened } from '../problem.ts';
import { checkShape, createShape } from '../shape.ts';
import type { SourceDocument } from '../source.ts';
import { triggerSchema, type WrittenTrigger } from './trigger-schema.ts';
import type { ServiceAddress, TagPolicy, TriggerAction, TriggerConfig } from './types.ts';

const triggerShape = createShape(triggerSchema);

/** What a trigger may refer to, as far as its documents can be read. */
export interface Referable {
  readonly senders: readonly string[];
  /** `namespace/name` */
  readonly services: readonly string[];
}

export function checkTrigger(
  document: SourceDocument,
  known: Referable,
): { readonly trigger: TriggerConfig | undefined; readonly problems: readonly ConfigProblem[] } {
  const { value, problems } = checkShape(document, triggerShape);
  const faults = [...referenceFaults(document.value(), known), ...expressionFaults(document.value())];
  if (value !== undefined) faults.push(...actionFaults(value.spec));
  const found = faults.map(({ path, reason, hint }) => ({
    file: document.file,
    line: document.lineOf(path),
    path: formatPath(path),
    reason,
    hint,
  }));
  return {
    trigger: value === undefined || found.length > 0 ? undefined : triggerConfig(value),
    problems: [...problems, ...found],
  };
}

interface Fault extends Pick<ConfigProblem, 'reason' | 'hint'> {
  readonly path: ConfigPath;
}

const specOf = (document: unknown): Record<string, unknown> => recordOf(recordOf(document)['spec']);

const texts = (value: unknown): { readonly text: string; readonly index: number }[] =>
  Array.isArray(value)
    ? value.flatMap((text: unknown, index) => (typeof text === 'string' ? [{ text, index }] : []))
    : [];

function referenceFaults(document: unknown, known: Referable): Fault[] {
  const spec = specOf(document);
  const missing = (field: string, what: string, names: readonly string[]): Fault[] =>
    texts(spec[field])
      .filter(({ text }) => !names.includes(text))
      .map(({ text, index }) => ({
        path: ['spec', field, index],
        reason: `there is no ${what} ${shortened(text)}`,
        hint: names.length === 0 ? `write a ${what} document` : suggestName(text, names),
      }));
  return [...missing('senders', 'Sender', known.senders), ...missing('services', 'Service', known.services)];
}

/** Each by itself: a mistake in one hides no other. */
function expressionFaults(document: unknown): Fault[] {
  const spec = specOf(document);
  const places: [ConfigPath, unknown][] = [
    [['spec', 'filter'], spec['filter']],
    [['spec', 'services', 'cel'], isRecord(spec['services']) ? spec['services']['cel'] : undefined],
    ...Object.entries(recordOf(spec['map'])).map(([name, text]): [ConfigPath, unknown] => [
      ['spec', 'map', name],
      text,
    ]),
  ];
  return places.flatMap(([path, text]): Fault[] => {
    if (typeof text !== 'string' || text === '') return [];
    try {
      compileExpression(text);
      return [];
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error;
      return [{ path, reason: error.message, hint: error.fix }];
    }
  });
}

const actionFault = (path: ConfigPath, reason: string, hint: string): Fault => ({
  path: ['spec', ...path],
  reason,
  hint,
});

function actionFaults({ action, map, services }: WrittenTrigger['spec']): Fault[] {
  const faults: Fault[] = [];
  if (services === undefined && action.type !== 'steered')
    faults.push(actionFault(['services'], 'is missing', 'name what it acts on: [shop/checkout]'));
  if (action.type !== 'deploy') {
    for (const name of ['version', 'image'] as const)
      if (map[name] !== undefined)
        faults.push(actionFault(['map', name], `is for a deploy, and the action is ${action.type}`, 'leave it out'));
    return faults;
  }
  const { repository, policy } = action;
  if (repository === undefined && policy !== undefined)
    faults.push(
      actionFault(['action', 'policy'], 'has no repository whose tags it chooses from', 'add action.repository'),
    );
  if (repository !== undefined && policy === undefined)
    faults.push(
      actionFault(['action', 'repository'], 'has no policy that says which tag is the newest', 'add action.policy'),
    );
  if (repository === undefined && map.version === undefined)
    faults.push(
      actionFault(['action'], 'does not say which version it deploys', 'add repository and policy, or map.version'),
    );
  if (repository !== undefined)
    for (const name of ['version', 'image'] as const)
      if (map[name] !== undefined)
        faults.push(
          actionFault(['map', name], 'is what the policy chooses', 'leave it out, or take repository and policy out'),
        );
  return [...faults, ...policyFaults(policy)];
}

function policyFaults(policy: Extract<WrittenTrigger['spec']['action'], { type: 'deploy' }>['policy']): Fault[] {
  const at = (name: string): ConfigPath => ['action', 'policy', name];
  const faults: Fault[] = [];
  if (policy?.semver !== undefined && semver.validRange(policy.semver) === null)
    faults.push(
      actionFault(at('semver'), `${shortened(policy.semver)} is no range`, 'for example >=1.2.0 <2.0.0, ^1.4 or *'),
    );
  const patterns: [string, string | undefined][] = [
    ['regex', policy?.regex],
    ['newest', policy?.newest?.tags],
  ];
  for (const [name, pattern] of patterns) {
    const why = pattern === undefined ? '' : patternFault(pattern);
    if (why !== '') faults.push(actionFault(at(name), why, 'write it as RE2 has it: ^main-([0-9]+)$'));
  }
  return faults;
}

/** '' = it is one. */
function patternFault(pattern: string): string {
  try {
    compilePattern(pattern);
    return '';
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return error.message;
  }
}

const addressOf = (text: string): ServiceAddress => {
  const [namespace = '', name = ''] = text.split('/');
  return { namespace, name };
};

const triggerConfig = ({ metadata, spec }: WrittenTrigger): TriggerConfig => ({
  name: metadata.name,
  senders: spec.senders,
  filter: spec.filter ?? '',
  services: Array.isArray(spec.services) ? spec.services.map(addressOf) : (spec.services ?? []),
  map: { version: spec.map.version ?? '', image: spec.map.image ?? '', reason: spec.map.reason ?? '' },
  action: actionConfig(spec.action),
});

function actionConfig(action: WrittenTrigger['spec']['action']): TriggerAction {
  if (action.type !== 'deploy') return { type: action.type };
  const { repository, policy, onConflict } = action;
  const from = repository === undefined || policy === undefined ? null : { repository, policy: policyConfig(policy) };
  return { type: 'deploy', from, onConflict };
}

function policyConfig({
  semver: range,
  regex,
  order = 'alphabetic',
  newest,
}: NonNullable<Extract<WrittenTrigger['spec']['action'], { type: 'deploy' }>['policy']>): TagPolicy {
  if (range !== undefined) return { semver: range };
  return regex === undefined ? { newest: newest?.tags ?? '' } : { regex, order };
}
