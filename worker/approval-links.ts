/** Links to approve by, for events that tell of a gate: signed with the key of this worker's own config. */
import { newsIn } from '../core/events/out/news.ts';
import type { CloudEvent, SteerData } from '../core/events/cloud-event.ts';
import { approvalLink, signApproval } from '../platform/approvals/token.ts';
import type { ReadSecrets } from '../platform/secrets.ts';
import type { ConfigLoader } from '../platform/config/load.ts';
import { TidegateError } from '../core/values/error.ts';

interface Ports {
  readonly config: Pick<ConfigLoader, 'loadMesh'>;
  readonly secrets: ReadSecrets;
}

/** Whoever has the link is nobody known: the log shows where it came from. */
const MADE_FOR = 'a link that was sent to sinks';

/** '' = the mesh has no approvals by link. The same event makes the same link, however often it is delivered. */
export const approvalLinks =
  ({ config, secrets }: Ports) =>
  async (event: CloudEvent): Promise<string> => {
    const { mesh, namespace, service, run, wave, step } = newsIn(event);
    const { approvals } = await config.loadMesh(mesh).catch(faulty);
    if (approvals === undefined) return '';
    const [key = ''] = await secrets(approvals.key);
    const data: SteerData = {
      ...{ action: 'approve', namespace, service, reason: 'by link' },
      step: { ...run, wave: wave - 1, step: step - 1 },
    };
    const expiresAtMs = Date.parse(event.time ?? '') + approvals.ttlMs;
    const token = await signApproval({ data, madeFor: MADE_FOR, expiresAtMs, id: event.id }, key);
    return approvalLink(approvals.url, token);
  };

/** The event is told without a link while the config has faults: a person can approve in other ways. */
function faulty(error: unknown): { readonly approvals?: undefined } {
  if (error instanceof TidegateError) return {};
  throw error;
}
