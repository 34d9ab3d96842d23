/** Where the pod template is in what people call a template. */
import type { PodTemplate } from '../kube/objects.ts';
import { fieldAt } from '../values/json.ts';

/** Of a Deployment, a PodTemplate, or a pod template itself; undefined where there is none. */
export function podTemplateIn(value: unknown): PodTemplate | undefined {
  const candidates = [fieldAt(fieldAt(value, 'spec'), 'template'), fieldAt(value, 'template'), value];
  return candidates.find((one) => Array.isArray(fieldAt(fieldAt(one, 'spec'), 'containers'))) as
    PodTemplate | undefined;
}
