/** The workflow `deliver` of a run: one, whoever speaks to it. */
import { deliverWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { Part } from '../../core/routing/part.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { idScheme } from '../installation.ts';
import type { Deliverer } from './send.ts';

interface OfRun {
  readonly service: ServiceRef;
  readonly part: Part;
  readonly epoch: number;
}

export const delivererOf = ({ service, part, epoch }: OfRun, sinks: readonly string[]): Deliverer => ({
  workflowId: deliverWorkflowId(idScheme(service), { ...service, part, epoch }),
  ...{ service, sinks },
});
