/** Who we are to a cluster, for how long, and whether its clock agrees with ours. */
import { fieldAt } from '../../core/values/json.ts';
import { durationText } from '../../core/values/duration.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import type { Credential, Reach } from '../../platform/kube/reach.ts';
import { type Finding, type Observation, well } from './check.ts';

/** Beyond it times in reports and evidence do not fit together, ms. */
const SKEW_SEEN_MS = 10_000;
/** Beyond it clouds refuse signed requests and fresh tokens, ms. */
const SKEW_REFUSED_MS = 5 * 60_000;
/** A credential that is about to end while nobody renews it, ms. */
const SHORT_MS = 24 * 3_600_000;

export async function lookAtUser(cluster: KubeCluster, signal: AbortSignal): Promise<Observation> {
  const question = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const answer = await cluster.ask<unknown>(path, question, { signal });
  const user = fieldAt(fieldAt(answer, 'status'), 'userInfo');
  const [name, groups] = [fieldAt(user, 'username'), fieldAt(user, 'groups')];
  return userSeen(cluster.name, {
    name: typeof name === 'string' ? name : '',
    groups: Array.isArray(groups) ? groups.map(String) : [],
  });
}

export function userSeen(cluster: string, { name, groups }: { name: string; groups: readonly string[] }): Observation {
  const found: Finding[] = [];
  if (name === '' || name === 'system:anonymous') {
    const text = `${cluster}: the API server does not know who is calling`;
    found.push({ severity: 'error', text, fix: "look at the credential of this cluster's access" });
  }
  if (groups.includes('system:masters')) {
    const text = `${cluster}: ${name} is an administrator of the whole cluster (system:masters)`;
    found.push({ severity: 'warning', text, fix: 'use a user of its own, with the rights that tidegate rbac prints' });
  }
  return { note: name, findings: found };
}

export function clockSeen(cluster: string, { skewMs, skewErrorMs }: Reach): Observation {
  if (skewMs === undefined) {
    const text = `${cluster}: the API server does not tell the time (no Date header)`;
    const fix = 'look at what stands between here and the API server';
    return { note: 'not known', findings: [{ severity: 'warning', text, fix }] };
  }
  const off = Math.abs(skewMs);
  const side = skewMs > 0 ? 'ahead' : 'behind';
  if (off <= skewErrorMs) return well('agrees');
  const note = `${durationText(Math.round(off / 1_000) * 1_000)} ${side}`;
  if (off - skewErrorMs <= SKEW_SEEN_MS) return well(note);
  const text = `${cluster}: the clock of the API server is ${note} of the clock here`;
  const fix = 'set both by NTP; tokens and signed requests are refused when clocks differ by minutes';
  return { note, findings: [{ severity: off > SKEW_REFUSED_MS ? 'error' : 'warning', text, fix }] };
}

export function credentialSeen(cluster: string, { kind, expiresAtMs }: Credential, nowMs: number): Observation {
  if (expiresAtMs === undefined) return well(kind === 'token' ? 'token without an end that can be seen' : kind);
  const leftMs = expiresAtMs - nowMs;
  if (leftMs <= 0) {
    const text = `${cluster}: the ${kind} has expired at ${new Date(expiresAtMs).toISOString()}`;
    return { note: 'expired', findings: [{ severity: 'error', text, fix: 'renew it, or have the access renew it' }] };
  }
  const note = `${kind}, ${durationText(Math.floor(leftMs / 60_000) * 60_000)} left`;
  // Tokens are renewed by their access again and again; nobody renews the certificate in a kubeconfig.
  if (kind !== 'client certificate' || leftMs > SHORT_MS) return well(note);
  const text = `${cluster}: the client certificate ends at ${new Date(expiresAtMs).toISOString()}`;
  return { note, findings: [{ severity: 'warning', text, fix: 'renew it before then' }] };
}
