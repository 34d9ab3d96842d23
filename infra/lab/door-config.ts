/** Documents with which the front door of a lab hears of pushes to its registry. */
import type { LabState } from './lab-state.ts';
import { registrySender, type LabDoor } from './front-door.ts';

const apiVersion = 'tidegate.dev/v1alpha1';

/** By file name: the sender, and for each service a trigger that deploys what is newest: v3 after v2. */
export function doorDocuments({ mesh }: Pick<LabState, 'mesh'>, door: LabDoor): Record<string, unknown> {
  const sender = {
    ...{ apiVersion, kind: 'Sender', metadata: { name: registrySender } },
    spec: { type: 'distribution', registry: door.registry, secrets: [{ file: door.secrets.registryToken }] },
  };
  const triggers = mesh.services.map(({ name, namespace }) => {
    const repository = `${door.registry}/${namespace}/${name}`;
    const document = {
      ...{ apiVersion, kind: 'Trigger', metadata: { name: `${name}-images` } },
      spec: {
        senders: [registrySender],
        filter: `event.type == "dev.tidegate.image.pushed" && event.data.image == "${repository}"`,
        services: [`${namespace}/${name}`],
        action: { type: 'deploy', repository, policy: { regex: '^v[0-9]+$', order: 'numeric' } },
      },
    };
    return [`trigger-${name}.yaml`, document] as const;
  });
  return { 'sender.yaml': sender, ...Object.fromEntries(triggers) };
}

/** Of the Mesh document: links to approve by. */
export const approvals = ({ url, secrets }: LabDoor): unknown => ({ url, key: [{ file: secrets.approvalKey }] });
