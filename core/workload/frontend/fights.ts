/**
 * Fights: a field of the frontend that Tidegate puts back and somebody takes away again. After three rounds it is left alone
 * and named. What was put back is written on the frontend itself, since a settler lives for seconds.
 */
import * as z from 'zod';
import { annotations } from '../../kube/labels.ts';
import type { Service } from '../../kube/objects.ts';
import { instantText } from '../../values/instant.ts';

/** pin: the version in the selector. frontend: port, targetPort, the rest of the selector. route: what Tidegate itself made. */
const repairedFields = ['pin', 'frontend', 'route'] as const;

export type RepairedField = (typeof repairedFields)[number];

const repairSchema = z.object({
  /** Field manager that had changed it. */
  by: z.string(),
  /** When it was put back, the newest last, ms since the epoch. */
  atMs: z.array(z.int()),
});

const repairsSchema = z.partialRecord(z.enum(repairedFields), repairSchema);

export type Repairs = z.infer<typeof repairsSchema>;

export interface Fight {
  readonly field: RepairedField;
  readonly manager: string;
  /** When it was put back first, ms since the epoch. */
  readonly sinceMs: number;
}

/** It is put back that often; taken away again after that, it is a fight. */
const ROUNDS = 3;

/** A change later than that after a repair begins a new count, ms. An audit comes twice in it. */
const ROUND_MS = 60 * 60_000;

export function repairsOf({ metadata }: Service): Repairs {
  try {
    return repairsSchema.parse(JSON.parse(metadata.annotations?.[annotations.repairs] ?? '{}'));
  } catch {
    return {};
  }
}

/** null: it may be put back. It stays a fight until a person says `unpause`, so that nobody fights every hour anew. */
export function fightOver(field: RepairedField, manager: string, repairs: Repairs): Fight | null {
  const before = repairs[field];
  const [sinceMs] = before?.atMs ?? [];
  if (before?.by !== manager || sinceMs === undefined || before.atMs.length < ROUNDS) return null;
  return { field, manager, sinceMs };
}

export interface Repair {
  readonly field: RepairedField;
  /** Field manager that had changed it. */
  readonly manager: string;
  readonly nowMs: number;
}

/** What is written down when the field is put back. */
export function withRepair(repairs: Repairs, { field, manager, nowMs }: Repair): Repairs {
  const before = repairs[field];
  const last = before?.atMs.at(-1) ?? 0;
  const goesOn = before?.by === manager && nowMs - last <= ROUND_MS;
  return { ...repairs, [field]: { by: manager, atMs: [...(goesOn ? before.atMs : []), nowMs].slice(-ROUNDS) } };
}

const fieldTexts: Readonly<Record<RepairedField, string>> = {
  pin: 'the pin',
  frontend: 'port, targetPort or selector',
  route: 'the spec',
};

/** `of`: the Service, in words. */
export function fightText({ field, manager, sinceMs }: Fight, of = 'the frontend'): string {
  const what = fieldTexts[field];
  return `${manager} took ${what} of ${of} back ${String(ROUNDS)} times, each within an hour (first put back ${instantText(sinceMs)}): it is left alone`;
}

/**
 * What to tell a manager, so that it lets the field be. After the manuals of November 2026:
 * https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#respect-ignore-differences-configs,
 * https://fluxcd.io/flux/components/kustomize/kustomizations/#ignore-rules (and #controlling-the-apply-behavior-of-resources),
 * https://fluxcd.io/flux/components/helm/helmreleases/#ignore-rules.
 */
export function ignoreRule({ field, manager }: Fight, service: string): string {
  if (field === 'route') return `let ${manager} leave ${service} alone: it is Tidegate's`;
  const pin = '/spec/selector/app.kubernetes.io~1version';
  const own = field === 'pin' ? [pin] : ['/spec/selector', '/spec/ports'];
  // Flux applies on the server, where a selector is one value: without one of its keys it is another.
  const whole = field === 'pin' ? ['/spec/selector'] : own;
  const rule = `{paths: [${whole.join(', ')}], target: {kind: Service, name: ${service}}}`;
  if (/argo/i.test(manager))
    return `in the Application: spec.ignoreDifferences: [{kind: Service, name: ${service}, jsonPointers: [${own.join(', ')}]}], and spec.syncPolicy.syncOptions: [RespectIgnoreDifferences=true]`;
  if (/helm-controller/i.test(manager)) return `in the HelmRelease: spec.driftDetection.ignore: [${rule}]`;
  if (/kustomize|flux/i.test(manager))
    return `in the Kustomization: spec.ignore: [${rule}]; before kustomize-controller 1.9, on the Service in Git: annotation kustomize.toolkit.fluxcd.io/ssa: IfNotPresent`;
  return `let ${manager} leave ${own.join(', ')} of Service ${service} alone`;
}
