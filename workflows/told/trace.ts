/** The trace that a run belongs to: the front door puts it into the memo of what it starts, and each start hands it on. */
import { workflowInfo } from '@temporalio/workflow';

const KEY = 'traceparent';

/** W3C trace context; '' = nobody traces it. */
export function traceparent(): string {
  const found = workflowInfo().memo?.[KEY];
  return typeof found === 'string' ? found : '';
}

/** For a child of this workflow. */
export function tracedMemo(): { readonly memo?: Record<string, string> } {
  const traced = traceparent();
  return traced === '' ? {} : { memo: { [KEY]: traced } };
}
