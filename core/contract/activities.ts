/** The activities: inputs, results, and the interface that workers implement and workflows call. */
import type { LoadedConfig } from '../config/types.ts';
import type { WatchSloInput, WatchSloResult, MeasureTrafficInput, MeasureTrafficResult } from '../judge/look/watch.ts';
import type { VerifyRoutingInput, VerifyRoutingResult } from '../judge/proof/proof.ts';
import type { Slo } from '../judge/settings.ts';
import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { ObjectChange } from '../kube/object-change.ts';
import type { ApplyRoutingInput, ApplyRoutingResult, Writer } from '../routing/changes.ts';
import type { WayBackKind } from '../rollout/change.ts';
import type { WindowsRead } from '../rollout/windows.ts';
import type { RunClose } from '../rollout/outcome.ts';
import type { StuckRun } from '../rollout/builds.ts';
import type { ReportedVersions } from '../rollout/preflight/reported-versions.ts';
import type { RunningStatus } from '../rollout/running.ts';
import type { NewestByCluster } from '../routing/newest-proven.ts';
import type { Part } from '../routing/part.ts';
import type { Absence, Drained } from '../routing/record.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import type { CapacityMode, ForShare } from '../workload/capacity/need.ts';
import type { ReadRecordsResult } from '../workload/facts.ts';
import type { BeforeJob } from '../workload/before/before-job.ts';
import type { VersionSource } from '../workload/version-source.ts';
import type { SinkActivities } from './deliver.ts';
import type { MeasureLoadInput, MeasureLoadResult } from './drill.ts';
import type { FailOverInput, FailOverResult, WatchClustersInput, WatchClustersResult } from './failover.ts';
import type {
  ChooseImageInput,
  ChosenImage,
  FindStepInput,
  FoundStep,
  ReactToInput,
  ReactToResult,
  ResolveImageInput,
  SteerRunInput,
  SteerRunResult,
} from './events.ts';
import type { AskGateInput, AskGateResult, ReadWindowsInput } from './leave-activities.ts';
import type { ClusterWrite, ManyClustersInput, WriteClustersResult } from './many-clusters.ts';
import type {
  SurveyServiceInput,
  SurveyServiceResult,
  FindUnsettledInput,
  UnsettledService,
  FreeAutoscalersInput,
  PinVersionInput,
  LeaveClustersInput,
  MendFrontendInput,
  FindNamingInput,
  NamingRecord,
  ForgetAbsentInput,
  MarkPausedInput,
  ShareServiceInput,
  ShareServiceResult,
  KeepWarmInput,
  ListServicesInput,
  ListServicesResult,
} from './settle-activities.ts';

export interface LoadConfigInput {
  readonly mesh?: string;
  readonly namespace?: string;
  readonly service: string;
  /** For a way back: faults of other documents are passed over. Absent: the whole config must be right. */
  readonly wayBack?: WayBackKind;
}

export interface ReadRecordsInput {
  readonly service: ServiceRef;
  readonly clusters: readonly ClusterRef[];
}

export interface PrepareVersionInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  readonly version: string;
  /** The version it replaces; '' at adoption. */
  readonly replaces: string;
  readonly source: VersionSource;
  readonly workload: 'managed' | 'external';
  readonly progressDeadlineMs: number;
  readonly run: string;
  /** Run id that the last result named. The activity of another one (a reset) ends at once, and names that. Absent: unknown. */
  readonly ranAs?: string;
  /** The version was there before this run: should the run fail, it stays ready for its warm time. Absent: it was not. */
  readonly existed?: true;
  /** What the version is made ready for. Absent: all traffic. */
  readonly forShare?: ForShare;
  /** The source is the original of an adoption, to be marked for the settler. Absent: the run itself takes it out. */
  readonly marksOriginal?: true;
}

/** Of one serving cluster, before the version gets a larger share there. */
export interface KeepCapacityInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  readonly version: string;
  /** The version it replaces, which must be able to carry all traffic again. */
  readonly replaces: string;
  readonly workload: 'managed' | 'external';
  /** What the version gets now. */
  readonly forShare: ForShare;
  readonly progressDeadlineMs: number;
}

/** Of serving clusters, from the first share there on. */
export interface HoldCapacityInput {
  readonly service: ServiceRef;
  readonly version: string;
  readonly mode: CapacityMode;
  /** Versions that must be able to carry all traffic again. */
  readonly of: readonly { readonly cluster: ClusterRef; readonly replaces: string }[];
}

export interface KeepCapacityResult {
  /** Ready pods that each version was brought to, or had. */
  readonly pods: Readonly<Record<string, number>>;
}

export interface PrepareVersionResult {
  readonly deployment: string;
  readonly replicas: number;
  readonly ready: number;
  readonly templateDigest: string;
  /** As in ApplyRoutingResult. */
  readonly by?: string;
  /** The run was reset: nothing was made, ask again as this one. */
  readonly resetTo?: string;
}

/** Jobs of one serving cluster, one after the other. */
export interface RunBeforeInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  readonly version: string;
  readonly jobs: readonly BeforeJob[];
  /** Of the plan: a Job is made once for it. */
  readonly epoch: number;
  /** The cluster's own callers may be answered in it: by the header they reach the version there. */
  readonly throughEnvoy: boolean;
}

export interface RunBeforeResult {
  /** Names of those that have succeeded: all of them. */
  readonly jobs: readonly string[];
  /** As in ApplyRoutingResult. */
  readonly by?: string;
}

export interface NameRunResult {
  readonly runId: string;
  /** It is the new self of a run that was reset. */
  readonly wasReset: boolean;
}

/** What a run will write in one cluster, to be tried by a server-side dry run. */
export interface DryRunWritesInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  /** Absent: the cluster serves no part of the change. */
  readonly prepare?: PrepareVersionInput;
  /** Absent: its clients do not call what changes. */
  readonly routing?: ApplyRoutingInput;
  /** Absent: no Jobs run there before the first share. */
  readonly before?: RunBeforeInput;
  /** Version that the frontend's selector will be pinned to. */
  readonly pin?: string;
}

export interface DryRunWritesResult {
  /** One sentence per object that the cluster would not take. */
  readonly refused: readonly string[];
  /** One sentence per object that could not be tried, with the reason. */
  readonly untried: readonly string[];
}

/** Of the part that is written. Absent: an older workflow's, which knew the versions only. */
interface OfPart {
  readonly part?: Part;
}

export interface CommitInput extends Writer, OfPart {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  /** Of the versions: serving clusters whose current becomes proven (all of the record's when the rollout promoted everywhere). */
  readonly serving: readonly string[];
  /** Version to pin this cluster's frontend selector to; '' = leave the frontend alone. */
  readonly pin: string;
  /** The run has written a record here, so there must be one. Absent: the cluster only serves, or an older workflow does not say. */
  readonly routed?: true;
  /** As in a restore. */
  readonly absent?: Readonly<Record<string, Absence>>;
  /** How long the version that is replaced here stays ready, ms. Absent: an older workflow keeps that time itself. */
  readonly warmMs?: number;
  /** Of a topology: what the record remembers of drained clusters; null: nothing. Absent: as it did. */
  readonly drained?: Drained | null;
}

export interface MovePinsInput extends Writer {
  readonly service: ServiceRef;
  /** Serving clusters of a wave that call themselves, too: their records are the run's. */
  readonly clusters: readonly ClusterRef[];
  /** What callers past Envoy get there from now on. */
  readonly version: string;
}

export interface MovePinsResult {
  /** When all of them were written, ms since the epoch. */
  readonly pinnedAtMs: number;
  /** As in ApplyRoutingResult. */
  readonly by?: string;
}

export interface RestoreInput extends Writer, OfPart {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  /** Of the versions: serving clusters to restore; empty = all. */
  readonly serving: readonly string[];
  /** Clusters that the run goes on without, for the record to name. Absent: an older workflow's; the record keeps its own. */
  readonly absent?: Readonly<Record<string, Absence>>;
  /** Commits that this cluster may not have heard of. Absent: its record knows all that is proven. */
  readonly newest?: NewestByCluster;
  /**
   * Whom callers past Envoy get where the record is lost: a frontend that is pinned to `from` is pinned to `to`. Absent: from
   * an older workflow, or nothing was replaced.
   */
  readonly pinBack?: { readonly from: string; readonly to: string };
}

export interface RestoreResult extends ApplyRoutingResult {
  /** Stat names that were withdrawn: they must get no new request. */
  readonly withdrawn: readonly string[];
}

export interface RetireVersionInput {
  /** Names of clusters whose callers past Envoy get the version: its pods stay there. Absent: only where it is pinned. */
  readonly keptIn?: readonly string[];
  readonly service: ServiceRef;
  /** Every cluster of the mesh that may route to or run the version. */
  readonly clusters: readonly ClusterRef[];
  readonly version: string;
  /** Retire the original Deployment of an adoption, instead of a version's. */
  readonly original?: string;
  readonly drainMs: number;
}

export interface ReleaseInput extends Writer {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  /**
   * route: pin, past Envoy, drain, without the route. services: remove the subset Services; only once no client cluster
   * routes any more, since other clusters' stubs take their pods from them.
   */
  readonly step: 'route' | 'services';
  readonly drainMs: number;
}

export interface ProbeSlosInput {
  readonly service: ServiceRef;
  readonly slos: readonly Slo[];
  /** Serving clusters that must report. */
  readonly clusters: readonly string[];
  /** The worker receives the counts itself: another remedy for those that are missing. */
  readonly received?: true;
}

export interface ReadVersionsInput {
  readonly service: ServiceRef;
  readonly protocol: NonNullable<Slo['protocol']>;
  /** Serving clusters. */
  readonly clusters: readonly string[];
}

export interface FindRunInput {
  readonly workflowId: string;
}

export interface DescribeRunInput {
  readonly workflowId: string;
  /** '' = the newest run. */
  readonly runId: string;
}

export interface FindStuckInput {
  /** Whose runs. */
  readonly services: readonly ServiceRef[];
  /** A shorter standstill is none, ms. */
  readonly forMs: number;
}

/** A run of a service that stands still. */
export interface StuckRunOf extends StuckRun {
  readonly service: ServiceRef;
  readonly part: Part;
}

export interface AbortRunInput {
  readonly workflowId: string;
  /** That run and no other. */
  readonly runId: string;
  readonly reason: string;
}

export interface AbortRunResult {
  /** Why it is not aborted; '' = it is. */
  readonly refused: string;
}

/** Of many clusters what the activity `write` takes of one. */
export type WriteClustersInput<W extends ClusterWrite = ClusterWrite> = ManyClustersInput<
  W,
  Parameters<RolloutActivities[W]>[0]
>;

export interface RolloutActivities extends SinkActivities {
  /** What the trigger of that name does about the event, by this worker's config. */
  reactTo(input: ReactToInput): Promise<ReactToResult>;
  /** Lists the tags of an image, and takes what the policy says is newest, by its digest; never below what is proven. */
  chooseImage(input: ChooseImageInput): Promise<ChosenImage>;
  /** The image with its digest of now. */
  resolveImage(input: ResolveImageInput): Promise<string>;
  /** The run, and for an approval the step, that an event is about: found once, so that a repeated word reaches no other. */
  findStep(input: FindStepInput): Promise<FoundStep>;
  /** Says something to that rollout; repeated, it is the same update. */
  steerRun(input: SteerRunInput): Promise<SteerRunResult>;
  /** The services of a mesh by this worker's config. */
  listServices(input: ListServicesInput): Promise<ListServicesResult>;
  /** One service as every cluster has it; one that cannot be read is a fact, not an error. */
  surveyService(input: SurveyServiceInput): Promise<SurveyServiceResult>;
  /** The services that are not settled, of many: clusters are read once per namespace, not once per service. */
  findUnsettled(input: FindUnsettledInput): Promise<readonly UnsettledService[]>;
  /** Gives autoscalers back that were held for a version. */
  freeAutoscalers(input: FreeAutoscalersInput): Promise<readonly ObjectChange[]>;
  /** Pins the frontend to what the record in that cluster says; nothing where it says nothing. */
  pinVersion(input: PinVersionInput): Promise<readonly ObjectChange[]>;
  /** Puts the frontend back as the record says, or takes its word into the record, by the policy. */
  mendFrontend(input: MendFrontendInput): Promise<readonly ObjectChange[]>;
  /** Writes a pause on the frontends in one cluster, or takes it off. A service without a frontend there is skipped. */
  markPaused(input: MarkPausedInput): Promise<readonly ObjectChange[]>;
  /** Says on the frontend in a cluster whether cluster mesh gives its pods to others; what somebody else has said stays, and is told. */
  shareService(input: ShareServiceInput): Promise<ShareServiceResult>;
  /** Records that name a cluster: as absent, as drained, or in their topology. */
  findNaming(input: FindNamingInput): Promise<readonly NamingRecord[]>;
  /** Takes the word that a cluster is absent out of one record, unless somebody has said it anew. */
  forgetAbsent(input: ForgetAbsentInput): Promise<readonly ObjectChange[]>;
  /** Writes down until when a version without traffic stays ready. */
  keepWarm(input: KeepWarmInput): Promise<readonly ObjectChange[]>;
  /** Takes serving clusters that a client calls no more out of its record and its Envoys, once they have drained. */
  leaveClusters(input: LeaveClustersInput): Promise<readonly ObjectChange[]>;
  /** Run id of the open workflow of that id; '' when none is open. */
  findRun(input: FindRunInput): Promise<string>;
  /** Runs that no worker goes on with, or whose workflow task fails; empty = none. */
  findStuck(input: FindStuckInput): Promise<readonly StuckRunOf[]>;
  /** Which run asks: the workflow itself must not look at its run id. */
  nameRun(): Promise<NameRunResult>;
  /** How Temporal closed a run, and its last word. */
  describeEnd(input: DescribeRunInput): Promise<RunClose>;
  /** What a running rollout says of itself; null when it does not answer. */
  describeRun(input: DescribeRunInput): Promise<RunningStatus | null>;
  /** Sends the update `abort` to one run of a rollout; repeated, it is the same update. */
  abortRun(input: AbortRunInput): Promise<AbortRunResult>;
  /** One sentence per SLO that cannot be evaluated as things are (metric missing, backend dead), then what to do; empty = all can. */
  probeSlos(input: ProbeSlosInput): Promise<readonly string[]>;
  /** By which versions the pods of a service have reported lately; empty when the backend does not tell. */
  readVersions(input: ReadVersionsInput): Promise<readonly ReportedVersions[]>;
  /** What the running version does now. */
  measureTraffic(input: MeasureTrafficInput): Promise<MeasureTrafficResult>;
  loadConfig(input: LoadConfigInput): Promise<LoadedConfig>;
  /** When steps of the service may not go forward, from now on. */
  readWindows(input: ReadWindowsInput): Promise<WindowsRead>;
  /** May the step go? Waits for an answer that says so, one way or the other. */
  askGate(input: AskGateInput): Promise<AskGateResult>;
  readRecords(input: ReadRecordsInput): Promise<ReadRecordsResult>;
  /** Would the cluster take every object that a run will write? Nothing is stored. */
  dryRunWrites(input: DryRunWritesInput): Promise<DryRunWritesResult>;
  prepareVersion(input: PrepareVersionInput): Promise<PrepareVersionResult>;
  /** Jobs that must succeed before the first share; fails with the first that does not, and the end of its log. */
  runBefore(input: RunBeforeInput): Promise<RunBeforeResult>;
  /** Both versions have the pods for the next share, and to go back from it: raised, and waited for. */
  keepCapacity(input: KeepCapacityInput): Promise<KeepCapacityResult>;
  applyRouting(input: ApplyRoutingInput): Promise<ApplyRoutingResult>;
  verifyRouting(input: VerifyRoutingInput): Promise<VerifyRoutingResult>;
  /** The same of a way back, where no watch takes its place. */
  verifyRestored(input: VerifyRoutingInput): Promise<VerifyRoutingResult>;
  watchSlo(input: WatchSloInput): Promise<WatchSloResult>;
  /** What is held rises with the traffic, until the run cancels it: for hours, without a verdict. */
  holdCapacity(input: HoldCapacityInput): Promise<void>;
  /** Looks whether clusters of a mesh are lost, and returns with news: what it has not told before. */
  watchClusters(input: WatchClustersInput): Promise<WatchClustersResult>;
  /** Calls from cluster to cluster within a window, and how long they take. */
  measureLoad(input: MeasureLoadInput): Promise<MeasureLoadResult>;
  /** Moves the calls of one service off a lost cluster, in all clusters that answer, proven as it is written. */
  failOver(input: FailOverInput): Promise<FailOverResult>;
  commit(input: CommitInput): Promise<readonly ObjectChange[]>;
  /** Callers past Envoy get another version in these clusters: the frontends are written, and nothing in the records. */
  movePins(input: MovePinsInput): Promise<MovePinsResult>;
  restore(input: RestoreInput): Promise<RestoreResult>;
  /** One of the other writes in many clusters; fails with all that fail. */
  writeClusters(input: WriteClustersInput): Promise<WriteClustersResult>;
  retireVersion(input: RetireVersionInput): Promise<readonly ObjectChange[]>;
  releaseService(input: ReleaseInput): Promise<readonly ObjectChange[]>;
}
