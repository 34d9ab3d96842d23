/**
 * core/contract: what workflows, activities, workers and readers agree on. It is the top of core: it may import every
 * folder of core, and none of them imports it.
 *
 *   RolloutActivities ──queueOf──► Queue ──► options of workflows, workers;   messages · workflow ids · timeouts
 *
 * An activity is declared in activities.ts (input and result) and gets its queue here, and nowhere else.
 * Nothing here decides anything: it is names, shapes and bounds.
 */
import type { RolloutActivities } from './activities.ts';
import { DEFAULT_INSTALLATION } from './installation.ts';

/** What is done on which queue. */
export const queues = [
  /** Workflows, and what they ask about config and other runs. */
  'control',
  /** Writes and reads of clusters on the way forward. */
  'apply',
  /** Watching, and keeping what a way back needs: long, heartbeating, nearly always waiting. */
  'observe',
  /** Reads of the metrics and the proof of forward steps: seconds to minutes, behind no watch. */
  'verify',
  /** The way back, never behind forward work. */
  'restore',
  /** The proof of the way back: a minute each, so that they take no place of its writes, and no watch takes theirs. */
  'prove',
  /** What sinks are told: they may hang for as long as they like. */
  'tell',
] as const;

export type Queue = (typeof queues)[number];

/** The task queue in Temporal: `tidegate-control` of the default installation, `tidegate-east-control` of `east`. */
export const taskQueue = (installation: string, queue: Queue): string =>
  installation === DEFAULT_INSTALLATION ? `tidegate-${queue}` : `tidegate-${installation}-${queue}`;

/** The installation whose control queue that is. */
export const installationOn = (controlQueue: string): string =>
  /^tidegate-(.+)-control$/.exec(controlQueue)?.[1] ?? DEFAULT_INSTALLATION;

/** The queue of each activity. Options of workflows and registration in workers both follow from it. */
export const queueOf = {
  loadConfig: 'control',
  findRun: 'control',
  describeRun: 'control',
  abortRun: 'control',
  nameRun: 'control',
  findStuck: 'control',
  describeEnd: 'control',
  reactTo: 'control',
  findStep: 'control',
  steerRun: 'control',
  readWindows: 'control',
  askGate: 'control',
  listServices: 'control',
  readRecords: 'apply',
  dryRunWrites: 'apply',
  prepareVersion: 'apply',
  runBefore: 'apply',
  keepCapacity: 'apply',
  applyRouting: 'apply',
  commit: 'apply',
  movePins: 'apply',
  retireVersion: 'apply',
  releaseService: 'apply',
  surveyService: 'apply',
  findUnsettled: 'apply',
  freeAutoscalers: 'apply',
  pinVersion: 'apply',
  mendFrontend: 'apply',
  markPaused: 'apply',
  shareService: 'apply',
  findNaming: 'apply',
  forgetAbsent: 'apply',
  keepWarm: 'apply',
  leaveClusters: 'apply',
  writeClusters: 'apply',
  chooseImage: 'verify',
  resolveImage: 'verify',
  probeSlos: 'verify',
  readVersions: 'verify',
  measureTraffic: 'verify',
  measureLoad: 'verify',
  verifyRouting: 'verify',
  watchSlo: 'observe',
  holdCapacity: 'observe',
  watchClusters: 'observe',
  restore: 'restore',
  failOver: 'restore',
  verifyRestored: 'prove',
  listSinks: 'tell',
  deliverEvents: 'tell',
} as const satisfies Record<keyof RolloutActivities, Queue>;

/**
 * Activities that had another queue in the release before, which is still asked for them: a task keeps the queue that it was
 * scheduled on, and an older worker may run the workflow. They go with the release after.
 */
export const movedFrom: Partial<Record<keyof RolloutActivities, Queue>> = {
  probeSlos: 'observe',
  readVersions: 'observe',
  measureTraffic: 'observe',
  verifyRouting: 'observe',
};

type OnQueue<Q extends Queue> = {
  [K in keyof typeof queueOf]: (typeof queueOf)[K] extends Q ? K : never;
}[keyof typeof queueOf];

/** The activities of one queue: what its factory makes, and what its worker offers. */
export type ActivitiesOf<Q extends Queue> = Pick<RolloutActivities, OnQueue<Q>>;
