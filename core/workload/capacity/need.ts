/** How many pods all traffic needs, and a share of it. Pure. */
import type { Autoscaler, AutoscalerMetric, Deployment } from '../../kube/objects.ts';
import { sum, WHOLE } from '../../values/share.ts';
import { scales } from '../cluster-facts.ts';
import { milliOf } from './quantity.ts';

/**
 * full: a version has the pods for all traffic before its first share. byShare: the new one has them for the share that it
 * gets next; the one that it replaces stays whole.
 */
export const capacityModes = ['full', 'byShare'] as const;
export type CapacityMode = (typeof capacityModes)[number];

/** Percent of the pods that a share needs: traffic grows, and is not spread evenly over few pods. */
const HEADROOM = 125;

export interface ForShare {
  readonly mode: CapacityMode;
  /** ppm. */
  readonly share: number;
}

/** Of pods that carry all traffic, at least 1. */
export function podsFor(whole: number, { mode, share }: ForShare): number {
  if (mode === 'full') return Math.max(1, whole);
  return Math.max(1, Math.min(whole, Math.ceil((whole * share * HEADROOM) / (100 * WHOLE))));
}

/**
 * Pods of one version that carry all traffic. Without one that is ready, its size says what somebody wanted; that it has no
 * ready pod tells of its own health, not of the traffic.
 */
export function sizeOf(deployment: Deployment | null): number {
  const ready = deployment?.status?.readyReplicas ?? 0;
  return ready === 0 ? (deployment?.spec.replicas ?? 1) : ready;
}

/**
 * Pods that would carry what both versions carry now. Ready pods are one measure: an autoscaler that makes one version
 * larger makes the other one follow. The other one is the load itself: at half the traffic each, either has half the pods
 * that all of it needs. Loads add up and do not grow by what is made of them, so that nothing is raised by itself.
 */
export function podsNeeded(versions: readonly Deployment[], autoscalers: readonly Autoscaler[]): number {
  const loads = versions.map(({ metadata }) => loadOn(metadata.name, autoscalers));
  const ready = versions.map(({ status }) => status?.readyReplicas ?? 0);
  return Math.max(...ready, sum(loads.map(({ own }) => own)), ...loads.map(({ whole }) => whole), 0);
}

interface Load {
  /** Pods for what the version's own pods do. */
  readonly own: number;
  /** Pods for what is measured elsewhere (a queue, all requests): each version's autoscaler sees all of it. */
  readonly whole: number;
}

/** As the autoscaler's own formula has it, before its bounds. What cannot be read adds nothing. */
function loadOn(deployment: string, autoscalers: readonly Autoscaler[]): Load {
  const found = autoscalers.filter((one) => scales(one, deployment));
  const loads = found.flatMap(({ spec, status }) => {
    const replicas = status?.currentReplicas ?? 0;
    return (status?.currentMetrics ?? []).map((current) => {
      const target = (spec.metrics ?? []).find((one) => keyOf(one) === keyOf(current));
      const pods = Math.ceil(replicas * (target === undefined ? 0 : ratioOf(current, target)));
      return { pods, isOwn: ['Resource', 'ContainerResource', 'Pods'].includes(current.type) };
    });
  });
  const most = (isOwn: boolean): number =>
    Math.max(0, ...loads.filter((one) => one.isOwn === isOwn).map((one) => one.pods));
  return { own: most(true), whole: most(false) };
}

const partOf = ({ type, resource, containerResource, pods, object, external }: AutoscalerMetric) =>
  ({ Resource: resource, ContainerResource: containerResource, Pods: pods, Object: object, External: external })[type];

/** The same metric in what is wanted and in what is measured. */
function keyOf(metric: AutoscalerMetric): string {
  const { name = '', container = '', metric: named } = partOf(metric) ?? {};
  return JSON.stringify([metric.type, name, container, named?.name ?? '', named?.selector ?? null]);
}

/** Measured by wanted; 0: one of both does not say. */
function ratioOf(current: AutoscalerMetric, target: AutoscalerMetric): number {
  const is = partOf(current)?.current ?? {};
  const wanted = partOf(target)?.target ?? {};
  const pairs: readonly (readonly [number | null, number | null])[] = [
    [is.averageUtilization ?? null, wanted.averageUtilization ?? null],
    [milli(is.averageValue), milli(wanted.averageValue)],
    [milli(is.value), milli(wanted.value)],
  ];
  const [measured, asked] = pairs.find(([one, other]) => one !== null && other !== null && other > 0) ?? [];
  return (measured ?? 0) / (asked ?? 1);
}

const milli = (quantity: string | undefined): number | null => (quantity === undefined ? null : milliOf(quantity));
