/** Every default of a config, as a user would write it. Reasons here; the published JSON Schema shows the values. */

export const meshDefaults = {
  /** One Tidegate per mesh unless somebody runs two (a test installation beside the real one). */
  installation: 'default',
  /** A failover on false evidence moves the calls of every service: a person says the word, until drills have shown that it holds. */
  failover: 'ask',
} as const;

export const temporalDefaults = {
  /** Temporal Cloud's list price of November 2026 (https://temporal.io/pricing); a server of one's own bills nothing: 0. */
  dollarsPerMillionActions: 50,
} as const;

export const policyDefaults = {
  /** `0s` = no limit, as without Envoy: taking a service over changes nothing. */
  requestTimeout: '0s',
  /** `0s` = none: long polls, streams and WebSockets are the app's business. */
  idleTimeout: '0s',
  /** Below the 5 s after which Node's HTTP server closes an idle connection: Envoy never sends on a closing one. */
  upstreamIdleTimeout: '4s',
  /** A pod in the same mesh answers a connect in milliseconds; a second covers one lost SYN's wait. */
  connectTimeout: '1s',
} as const;

/** A cookie that keeps users on their arm. */
export const stickyDefaults = {
  /** A working day, or an evening: most rollouts are over by then, and after one the cookie says nothing. */
  ttl: '24h',
  /** Who may change sides with each request sees two versions of one page; the new one is no more special than the old. */
  keeps: 'both',
} as const;

export const rolloutDefaults = {
  /** Time for pods to get ready and routing to be accepted, as a Deployment's progressDeadlineSeconds. */
  progressDeadline: '10m',
  /**
   * A new version's caches are cold, the old one's are warm: a comparison waits. The other judges hold against a fixed
   * objective, or against minutes: a service with cold caches sets its own. Hard stops do not wait.
   */
  warmUp: { sequential: '60s', threshold: '0s', kayenta: '0s' },
  /** Least time of a bake that is as long as the evidence takes. */
  autoBake: '10s',
  /** The safe choice: the new version has the pods for all traffic before it gets any. */
  capacity: 'full',
  /** The replaced version stays ready this long: undo within it is one step. */
  warm: '1h',
  /** A step without data holds this long before a person is asked. */
  maxUnknown: '30m',
  /** The safe choice: a breach anywhere takes the version back everywhere. */
  onBreach: 'all',
  /** Longest request that a withdrawn subset may finish; also the grace period of a pod. */
  drain: '30s',
} as const;

/** Jobs before the first share of each wave. */
export const beforeDefaults = {
  /** A smoke test takes seconds; with the pull of its image a minute or two. */
  timeout: '5m',
  /** The rollout waits that long with a version that is ready and gets nothing, ms. */
  mostMs: 3_600_000,
  /** They run one after the other, and every plan carries them. */
  most: 5,
} as const;

/** Freeze windows. */
export const windowLimits = {
  /** A mesh has holidays, weekends and some events of its own. */
  most: 50,
  /** A holiday season, ms; longer ones have a beginning and an end of their own (from, to). */
  longestMs: 60 * 24 * 3_600_000,
  /** How far ahead they are followed, ms: they are read anew before each step, and people plan weeks ahead. */
  horizonMs: 60 * 24 * 3_600_000,
  /** Occurrences of one window that are followed: every quarter of an hour for the whole horizon. */
  occurrences: 6_000,
  /** Closed times that go into a history; what comes after them is read when they are over. */
  closedTimes: 20,
} as const;

/** Gates that are asked by a web request. */
export const gateDefaults = {
  /** Somebody has to be found, in working hours of another time zone, too. */
  timeout: '24h',
} as const;

/** Approvals by signed link. */
export const approvalDefaults = {
  /** A link in a mail lives no longer than the working day that it was sent on. */
  ttl: '12h',
} as const;

export const waveDefaults = {
  /** People list the clusters that matter least first. */
  order: 'listed',
  seed: 0,
  /** As many as one worker has places for writes: more would only wait there. */
  mostAtOnce: 50,
} as const;

/** The frontend keeps callers past Envoy on the proven version: who changes it seldom means to. */
export const driftDefault = 'repair';

/** As Kubernetes has it; a copy needs the right to read Secrets, and freezes what somebody may rotate. */
export const configDefault = 'shared';

/** What was tried is what runs: a variable more is another template. */
export const serviceVersionDefault = 'asIs';

export const adoptDefaults = {
  /**
   * The same build answers before and after: an adoption shows that the way through Envoy and the copied pods work, which
   * the first few hundred requests tell. It lasts longer by itself where the judge has seen too few.
   */
  bake: '30s',
} as const;

/** Steps when a service names no waves: few users first, then a quarter, then everybody. */
export const defaultSteps = [
  { share: 5, bake: '2m' },
  { share: 25, bake: '5m' },
  { share: 100, bake: '5m' },
] as const;

export const judgeDefaults = {
  /** Finds a worse version soonest at a chance of false alarms that holds; says how long it needs. */
  type: 'sequential',
} as const;

export const thresholdDefaults = {
  /** As often as metrics are exported or scraped at their fastest; one query per SLO and look. */
  interval: '2s',
  /** Long enough for a few hundred requests of a 5 % step at 100 requests/s, short enough to forget an old burst. */
  window: '30s',
  /** Below this an SLO is unknown: at 1 % allowed errors 20 requests say nothing about health yet, but show an outage. */
  minRequests: 20,
  /** One or two bad requests are chance. */
  minBad: 3,
  /** Chance per look that a service exactly at its objective is called a breach. */
  alpha: 1e-4,
  /** The first measurement that fails is a breach: with the alpha above it is none by chance. Argo's default, too. */
  failureLimit: 0,
} as const;

/** Kayenta's own defaults where it has them. */
export const kayentaDefaults = {
  /** Hard stops are looked for this often; points are slower. */
  poll: '10s',
  /** One point a minute, the shortest that Kayenta can. */
  interval: '1m',
  /** Five points: fewer cannot be judged. */
  analysisInterval: '5m',
  /**
   * With fewer the test has no 98 % interval: Kayenta then takes the extreme differences for one, and calls two series
   * different that merely do not overlap, by chance in 3 % of cases with four points and in 10 % with three.
   */
  minPoints: 5,
  /** Fewer bad requests than before are no fault. Kayenta: either. */
  direction: 'increase',
  /** A minute without requests says nothing. */
  nanStrategy: 'remove',
  /** Bursts of errors are what is looked for. */
  outlierStrategy: 'keep',
  /** Fences of Tukey, in interquartile ranges beyond the quartiles. */
  outlierFactor: 3,
  effectMeasure: 'meanRatio',
  /** Any effect counts, once it is significant: as much as before. */
  meanRatio: 1,
  cles: 0.5,
  /** 0..100, the usual pair in Kayenta's documents. */
  pass: 95,
  marginal: 75,
} as const;

export const sequentialDefaults = {
  /** As often as metrics come at their fastest; with slower ones the judge waits for them. */
  poll: '2s',
  /** Chance of a false breach in a whole rollout. */
  alpha: 0.01,
  /** Chance of calling a version healthy that is worse by the tolerance. */
  beta: 0.05,
  /** At 1 % allowed errors 30 requests show an outage, no less. */
  minRequests: 30,
  /** Services whose requests hardly ever fail would wait for days to be compared. */
  healthyBy: 'either',
} as const;

/** Judges beside the one that decides; each costs as much as it. */
export const MAX_SHADOWS = 3;

/** SLOs when a service names none: both views of errors, since a pod that crashes or hangs reports nothing itself. */
export const defaultSlos = [
  { name: 'server-errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 },
  { name: 'envoy-errors', source: 'envoy', indicator: { kind: 'errors' }, target: 0.99 },
] as const;

/** The same for gRPC: its status stands behind an HTTP 200. Envoy's 5xx are connections that failed, which have none. */
export const defaultGrpcSlos = [
  { name: 'server-errors', source: 'server', protocol: 'rpc', indicator: { kind: 'errors' }, target: 0.99 },
  { name: 'grpc-errors', source: 'envoy', protocol: 'rpc', indicator: { kind: 'errors' }, target: 0.99 },
  { name: 'envoy-errors', source: 'envoy', indicator: { kind: 'errors' }, target: 0.99 },
] as const;

export const senderDefaults = {
  /** Requests a minute: each may start workflows. */
  perMinute: 600,
  /** Requests at once: a push of one image to a registry sends twenty and more. */
  burst: 100,
} as const;

/** Every plan carries them, once per SLO of the pods. */
export const MAX_PROBE_ROUTES = 50;

/** Bounds on what is read at all: config comes from repositories that many people write to. */
export const configLimits = {
  bytesPerFile: 1_048_576,
  files: 200,
  /** Unknown keys, and other mistakes, named one by one in a document; the rest is counted. */
  namedMistakes: 100,
  /** Aliases in a document, and what they multiply to; stops alias bombs and lists that take minutes to resolve. */
  aliases: 100,
} as const;
