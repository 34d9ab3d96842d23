/** What a request brings, element by element, before any trigger has seen it. */
import type { CloudEvent } from './cloud-event.ts';

/** One element of what was sent. */
export type Incoming = { readonly event: CloudEvent } | { readonly problem: Problem };

/** RFC 9457, as far as we say it. */
export interface Problem {
  readonly status: number;
  /** What is wrong and where, in one sentence. */
  readonly detail: string;
  /** Attribute or path that is wrong; '' = none. */
  readonly at: string;
}
