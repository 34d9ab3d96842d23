/**
 * Drift: the frontend or the route of a service is no longer as its record says, and what that leads to by the policy of the service:
 * it is put back, the cluster's word is taken into the record, or a person is asked. A fight is left alone under each.
 */
import { FIELD_MANAGER } from '../kube/labels.ts';
import { pinOf } from '../routing/changes.ts';
import { cecName } from '../routing/names.ts';
import type { Frontend, RoutingRecord } from '../routing/record.ts';
import { canonicalJson } from '../values/canonical.ts';
import type { PinnedSibling } from '../workload/cluster-state.ts';
import type { EditedRoute } from '../workload/edited-route.ts';
import type { DriftPolicy } from '../workload/frontend/drift-policy.ts';
import {
  fightOver,
  fightText,
  ignoreRule,
  type Fight,
  type RepairedField,
  type Repairs,
} from '../workload/frontend/fights.ts';
import type { FrontendSigns } from '../workload/frontend/frontend-signs.ts';

export interface SeenFrontend {
  readonly service: string;
  readonly cluster: string;
  readonly record: RoutingRecord | null;
  /** null: it is gone. Absent: not read. */
  readonly frontend?: (Frontend & FrontendSigns) | null;
  /** Version in its selector. */
  readonly pinned: string | null;
  readonly repairs?: Repairs;
  readonly siblings?: readonly PinnedSibling[];
  readonly edited?: EditedRoute;
}

export interface Drift {
  readonly field: RepairedField;
  /** Field manager that wrote it last; '' = nobody says. */
  readonly by: string;
  readonly text: string;
  readonly does: DriftPolicy;
  /** What a person can do; '' unless one is asked. */
  readonly fix: string;
}

export function driftsOf(seen: SeenFrontend, policy: DriftPolicy): Drift[] {
  return [...routeDrift(seen, policy), ...pinDrift(seen, policy), ...fieldDrift(seen, policy)];
}

function routeDrift({ service, cluster, edited, repairs = {} }: SeenFrontend, policy: DriftPolicy): Drift[] {
  if (edited === undefined) return [];
  const { by } = edited;
  const text = `${cluster}: what Tidegate wrote was changed${writtenBy(by)}: ${edited.text}`;
  const fight = fightOver('route', by, repairs);
  if (fight !== null) return [foughtOver(fight, { service, on: cecName(service), text })];
  if (policy === 'repair') return [{ field: 'route', by, text, does: 'repair', fix: '' }];
  const never = policy === 'adopt' ? ': a route is never adopted, since nothing of it was proven' : '';
  const fix = 'put it back, or let it be put back: spec.drift: repair';
  return [{ field: 'route', by, text: `${text}${never}`, does: 'ask', fix }];
}

/** Of the frontend, or of another Service that is pinned with it. */
interface SeenPin {
  readonly service: string;
  /** Name of the Service that the pin is on. */
  readonly on: string;
  readonly pinned: string;
  readonly by: string;
  readonly repairs: Repairs;
  readonly unmarked?: true;
}

function pinDrift(seen: SeenFrontend, policy: DriftPolicy): Drift[] {
  const { service, cluster, record, pinned, frontend, repairs = {}, siblings = [] } = seen;
  const version = pinOf(record);
  if (version === '') return [];
  const by = frontend?.selectorBy ?? '';
  const own: SeenPin[] = pinned === null ? [] : [{ service, on: service, pinned, by, repairs }];
  const others = siblings
    .filter(({ strayed }) => strayed === undefined)
    .map(({ name, ...rest }): SeenPin => ({ service, on: name, ...rest }));
  return [...own, ...others]
    .filter((one) => one.pinned !== version)
    .map((one) => pinDriftOf(one, { cluster, version, policy }));
}

function pinDriftOf(
  { service, on, pinned, by, repairs, unmarked }: SeenPin,
  { cluster, version, policy }: { readonly cluster: string; readonly version: string; readonly policy: DriftPolicy },
): Drift {
  const what = on === service ? 'the frontend' : `Service ${on}, which has the same pods,`;
  const now = pinned === '' ? 'pinned to no version' : `pinned to ${pinned}`;
  const text = `${cluster}: ${what} is ${now}${writtenBy(by)}, the record says ${version}`;
  const fight = fightOver('pin', by, repairs);
  if (fight !== null) return foughtOver(fight, { service, on, text });
  const kubectl = `put ${version} back into the selector (app.kubernetes.io/version)`;
  // A commit of ours that ended before it came to the pin is nobody's wish; one without a mark was never pinned.
  const asked = policy !== 'repair' && by !== FIELD_MANAGER && unmarked !== true;
  if (!asked) return { field: 'pin', by, text, does: 'repair', fix: '' };
  const why =
    policy === 'adopt' ? ': a pin is never adopted, since callers past Envoy would get what was not proven' : '';
  const fix = `${kubectl}; or let it be put back: spec.drift: repair`;
  return { field: 'pin', by, text: `${text}${why}`, does: 'ask', fix };
}

const writtenBy = (manager: string): string => (manager === '' || manager === FIELD_MANAGER ? '' : ` by ${manager}`);

/** Its protocol is the route's own word: what the Service says later does not change it. */
export type FrontendField = Exclude<keyof Frontend, 'protocol'>;

/** Fields of the frontend that are no longer as the record keeps them. Nothing proven, nothing to compare. */
export function changedFields({ frontend, record }: Pick<SeenFrontend, 'frontend' | 'record'>): FrontendField[] {
  if (frontend === null || frontend === undefined || record === null || record.versions.proven === null) return [];
  const fields = ['portName', 'port', 'targetPort', 'selector'] as const;
  return fields.filter((field) => canonicalJson(frontend[field]) !== canonicalJson(record.frontend[field]));
}

function fieldDrift(seen: SeenFrontend, policy: DriftPolicy): Drift[] {
  const { service, cluster, record, frontend, repairs = {} } = seen;
  const fields = changedFields(seen);
  if (frontend === null || frontend === undefined || record === null || fields.length === 0) return [];
  const by = (fields.some((one) => one !== 'selector') ? frontend.portsBy : frontend.selectorBy) ?? '';
  const told = fields.map(
    (one) => `${fieldNames[one]} is ${canonicalJson(frontend[one])}, and was ${canonicalJson(record.frontend[one])}`,
  );
  const text = `${cluster}: the frontend was changed${writtenBy(by)}: ${told.join('; ')} when it was adopted`;
  const fight = fightOver('frontend', by, repairs);
  if (fight !== null) return [foughtOver(fight, { service, on: service, text })];
  // A Service of several ports names them all: such a name cannot be taken back.
  if (fields.includes('portName') && record.frontend.portName === '') {
    const fix = `other clusters find the pods by the port's name: tidegate release ${service}, set spec.port, and tidegate adopt ${service}`;
    return [{ field: 'frontend', by, text, does: 'ask', fix }];
  }
  if (policy === 'repair') return [{ field: 'frontend', by, text, does: 'repair', fix: '' }];
  const back = 'put it back, or let it be put back: spec.drift: repair';
  if (policy === 'ask') {
    return [{ field: 'frontend', by, text, does: 'ask', fix: `${back}; or let the record take it: spec.drift: adopt` }];
  }
  const never = fields.flatMap((field) => refusal(field, { frontend, recorded: record.frontend }));
  if (never.length === 0) return [{ field: 'frontend', by, text, does: 'adopt', fix: '' }];
  return [{ field: 'frontend', by, text: `${text}; it is not adopted: ${never.join('; ')}`, does: 'ask', fix: back }];
}

export const fieldNames: Readonly<Record<FrontendField, string>> = {
  portName: "port's name",
  port: 'port',
  targetPort: 'targetPort',
  selector: 'selector (without the pin)',
};

/** Why a field of the frontend as it is now cannot become the record's; [] = it can. */
function refusal(
  field: FrontendField,
  { frontend, recorded }: { readonly frontend: Frontend & FrontendSigns; readonly recorded: Frontend },
): string[] {
  const { fits = { targetPort: false, selector: false } } = frontend;
  switch (field) {
    case 'port':
      return [];
    case 'portName':
      return ["other clusters find the pods by the port's name"];
    case 'targetPort':
      return fits.targetPort ? [] : ['not all pods that run declare that targetPort'];
    case 'selector': {
      const gone = Object.entries(recorded.selector).filter(([key, value]) => frontend.selector[key] !== value);
      if (gone.length > 0)
        return [`the selector lacks ${gone.map(([key, value]) => `${key}=${value}`).join(', ')}: only additions are`];
      return fits.selector ? [] : ['the selector leaves out pods that run'];
    }
  }
}

const foughtOver = (
  fight: Fight,
  { service, on, text }: { readonly service: string; readonly on: string; readonly text: string },
): Drift => ({
  field: fight.field,
  by: fight.manager,
  text: `${text}; ${fightText(fight, on === service ? 'the frontend' : fight.field === 'route' ? on : `Service ${on}`)}`,
  does: 'ask',
  fix: `${ignoreRule(fight, on)}; then: tidegate unpause ${service}`,
});
