/**
 * core/workload/before: Jobs that run in a cluster when a version is ready there and has no share yet: a smoke test, a
 * migration.
 *
 *   BeforeJob (what a Service document asks for) ──desiredJob──► Job ──jobEnd, podEnd, tailOf──► how it ended, in words
 *
 * The cluster itself bounds a Job in time. This folder writes none and reads no log: the activity `runBefore` does.
 */
import type { PodTemplate } from '../../kube/objects.ts';

/** Either a container (image, command), or the spec of a Job that somebody wrote. */
export interface BeforeJob {
  /** Unique in its service. */
  readonly name: string;
  /** A Job that runs longer has failed, ms. */
  readonly timeoutMs: number;
  /** Absent: that of the version itself, with its variables, volumes and service account. */
  readonly image?: string;
  /** Absent: what the image starts. */
  readonly command?: readonly string[];
  /** Of a Job's file; then there is neither image nor command. */
  readonly spec?: JobSpec;
  /** Labels and annotations of the Job in that file. Absent: none. */
  readonly metadata?: JobMetadata;
}

export interface JobMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Fields that are not named here pass through. */
export interface JobSpec {
  readonly template: PodTemplate;
  readonly backoffLimit?: number;
}

/** Does it run in a copy of the version's own pod? */
export const isOfVersion = ({ image, spec }: BeforeJob): boolean => image === undefined && spec === undefined;
