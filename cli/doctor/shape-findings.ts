/** What the shape of a Service, other Services over its pods, and what could not be read mean for a rollout. Pure. */
import { protocolFaults, type ProtocolAsked } from '../../core/rollout/preflight/protocol.ts';
import { portFaults, unsupported } from '../../core/rollout/preflight/reach.ts';
import { reachesUnproven } from '../../core/rollout/preflight/second-services.ts';
import { mainVersion } from '../../core/routing/weights.ts';
import { isSibling } from '../../core/workload/second-services.ts';
import { configTexts } from '../../core/workload/pod-config/change-texts.ts';
import type { Finding } from './check.ts';
import type { ServiceFacts } from './service-findings.ts';

const where = ({ namespace, service }: ServiceFacts, cluster: string): string =>
  `${cluster}/${namespace}/Service/${service}`;

/** `service`: its document; port '' = none. A plan refuses what is an error here, and notes the rest. */
export const shapeFindings = (facts: ServiceFacts, service: ProtocolAsked & { readonly port: string }): Finding[] =>
  facts.clusters.flatMap(({ cluster, frontend, record }) => {
    if (frontend === null) return [];
    const refused = [
      ...unsupported(frontend, service.protocol),
      ...portFaults({ frontend, record }, service),
      ...protocolFaults({ frontend, record }, service),
    ].map((one): Finding => ({ severity: 'error', text: `${where(facts, cluster)}: ${one.text}`, fix: one.fix }));
    const notes = (frontend.shape?.notes ?? []).map((note): Finding => ({
      severity: 'warning',
      text: `${where(facts, cluster)}: ${note}`,
      fix: 'nothing to do if that is meant: plan says it, too',
    }));
    return [...refused, ...notes];
  });

/** One that leads to another port than the frontend's (for metrics, say) gets no calls of the service. */
export const secondServiceFindings = (facts: ServiceFacts): Finding[] =>
  facts.clusters.flatMap(({ cluster, record, secondServices = [] }) =>
    secondServices
      .filter(({ serving }) => serving)
      .map((second): Finding => {
        const { name, pinned } = second;
        const where = `${cluster}/${facts.namespace}/Service/${name}`;
        const proven = mainVersion(record?.versions.proven?.[cluster]);
        const refused = reachesUnproven(second, { service: facts.service, proven, version: 'a new version' });
        if (refused !== null)
          return { severity: 'error', text: `${where} ${refused.text}; deploys are refused`, fix: refused.fix };
        const text = `${where} selects the pods of ${facts.service} too`;
        if (isSibling(second))
          return {
            severity: 'warning',
            text: `${text}: it is pinned to the proven version with the frontend, and its callers are no part of a canary`,
            fix: `nothing to do if that is meant; else let its callers call ${facts.service}`,
          };
        if (pinned === '')
          return {
            severity: 'warning',
            text: `${text}, and is headless: its callers dial pods of every version, also of one that is not proven`,
            fix: `let its callers call ${facts.service}`,
          };
        return {
          severity: 'warning',
          text: `${text}, pinned to ${pinned}: its callers are no part of a canary`,
          fix: `move its pin by hand after a promotion, before ${pinned} is retired`,
        };
      }),
  );

/** ConfigMaps and Secrets that are not what a version was made with: plan notes the same. */
export const configFindings = ({ service, clusters }: ServiceFacts): Finding[] =>
  configTexts(service, clusters).map((text) => ({
    severity: 'warning',
    text,
    fix: 'nothing to do if that is meant: the running pods read the new content, too, when they start again',
  }));

/** A role for one namespace sees the routes there only. */
export const unseenFindings = (facts: ServiceFacts): Finding[] =>
  facts.clusters.flatMap(({ cluster, unseen = [] }) =>
    unseen.map((what) => ({
      severity: 'warning',
      text: `${cluster}: not seen: ${what}; one of somebody else that routes ${facts.service} would go unnoticed`,
      fix: 'let the role list them in all namespaces (infra/kubernetes/rbac.yaml), or look once as an administrator: kubectl get -A',
    })),
  );
