/**
 * askGate: a signed POST to the gate of a step. Only addresses of this worker's own config are called. 200 is go; 202 and 409 say
 * wait, and what cannot be understood as an answer (no connection, 429, 5xx) is none: both are asked again by Temporal, which adds
 * nothing to the history. Everything else is a refusal, for a person to look at.
 */
import type { AskGateInput, AskGateResult } from '../../core/contract/leave-activities.ts';
import type { ReachableConfig } from '../../core/config/types.ts';
import { refuse, TidegateError } from '../../core/values/error.ts';
import { durationText } from '../../core/values/duration.ts';
import { webhookHeaders } from '../../platform/http/webhook-signature.ts';
import type { ReadSecrets } from '../../platform/secrets.ts';

export interface GatePorts {
  readonly load: (input: { mesh: string; namespace: string; service: string }) => Promise<ReachableConfig>;
  readonly secrets: ReadSecrets;
  readonly nowMs: () => number;
  /** When the first attempt was scheduled, ms since the epoch. */
  readonly scheduledAtMs: () => number;
  readonly signal: () => AbortSignal;
  /** Workflow and run that ask. */
  readonly run: () => { readonly workflowId: string; readonly runId: string };
}

/** One question; a gate that has to think says 202, ms. */
const ANSWER_WITHIN_MS = 10_000;

/** Of an answer that is read: a sentence for a person, bytes. */
const ANSWER_BYTES = 4_096;

export async function askGate(ports: GatePorts, { service, question }: AskGateInput): Promise<AskGateResult> {
  const config = await ports.load({ mesh: service.mesh, namespace: service.namespace, service: service.service });
  const gate = (config.service.gates ?? []).find(({ url }) => url === question.url);
  if (gate === undefined) {
    refuse(
      'Invalid',
      `the Service document of ${service.namespace}/${service.service} has no gate ${question.url}`,
      'write it there again (rollout.waves[].steps[].gate), or promote the rollout past it',
    );
  }
  const { wave, step, timeoutMs } = question;
  const { workflowId, runId } = ports.run();
  const body = JSON.stringify({
    type: 'dev.tidegate.gate.asked',
    ...{ mesh: service.mesh, namespace: service.namespace, service: service.service },
    ...{ workflowId, runId, wave, step },
    ...{ kind: question.kind, version: question.version, clusters: question.clusters, sharePpm: question.sharePpm },
  });
  const secrets = await ports.secrets(gate.secrets);
  const signed = webhookHeaders({ id: `gate:${runId}:${wave}:${step}`, atMs: ports.nowMs(), body }, secrets);
  const said = await post(ports, { url: gate.url, body, headers: signed });
  if (said.kind === 'answer' && said.status === 200) return { go: true, reason: said.text };
  if (said.kind === 'answer' && !mustWait(said.status))
    return { go: false, reason: `${said.status} ${said.text}`.trim() };
  const text = said.kind === 'answer' ? `${said.status} ${said.text}`.trim() : said.why;
  if (ports.nowMs() - ports.scheduledAtMs() >= timeoutMs) {
    return { go: false, reason: `it has not said go within ${durationText(timeoutMs)}; last: ${text}` };
  }
  throw new TidegateError('NotYet', `${gate.url} has not decided: ${text}`, { fix: 'it is asked again' });
}

const mustWait = (status: number): boolean => status === 202 || status === 409 || status === 429 || status >= 500;

interface Posting {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Said =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  | { readonly kind: 'none'; readonly why: string };

async function post(ports: GatePorts, { url, body, headers }: Posting): Promise<Said> {
  const signal = AbortSignal.any([ports.signal(), AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      // Where it leads to is in no config.
      redirect: 'manual',
      signal,
    });
    return { kind: 'answer', status: response.status, text: plain(await beginningOf(response)) };
  } catch (error) {
    if (ports.signal().aborted) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { kind: 'none', why: cause instanceof Error ? cause.message : String(cause) };
  }
}

async function beginningOf(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop ends the connection: nobody reads the rest.
    if (size >= ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString('utf8');
}

/** One line of a log. */
const plain = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
