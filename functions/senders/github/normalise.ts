/** Types as the adapter of the CloudEvents project names them: `com.github.<event>.<action>`. */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import { imageParts, pushEvent, saidEvent, sourceOf, typePart } from '../events.ts';
import { at, textAt, timeOf } from '../payload.ts';
import type { Incoming } from '../sender.ts';

export function githubEvent(
  payload: Record<string, unknown>,
  { headers, sender }: { headers: Headers; sender: SenderConfig },
): Incoming {
  const id = headers.get('X-GitHub-Delivery') ?? '';
  if (id === '') throw new HttpProblem(400, 'the header X-GitHub-Delivery is missing');
  const event = typePart(headers.get('X-GitHub-Event') ?? '', 'the header X-GitHub-Event');
  const action = textAt(payload, 'action');
  const source = textAt(payload, 'repository.html_url') || textAt(payload, 'organization.url') || sourceOf(sender);
  const pushed = pushedPackage(payload, { event, action });
  if (pushed !== undefined)
    return pushEvent({ id, source, ...pushed, time: timeOf(textAt(pushed.original, 'updated_at')), original: payload });
  const type = `com.github.${event}${action === '' ? '' : `.${typePart(action, 'action')}`}`;
  return saidEvent({ id, source, type, subject: subjectOf(payload), data: payload });
}

/** GitHub sends `package` and `registry_package` for one push; both are heard, since hooks may have the one or the other. */
function pushedPackage(
  payload: Record<string, unknown>,
  { event, action }: { event: string; action: string },
): { image: string; tag: string; digest: string; original: unknown } | undefined {
  if ((event !== 'package' && event !== 'registry_package') || (action !== 'published' && action !== 'updated'))
    return undefined;
  const of = at(payload, event);
  if (textAt(of, 'package_type').toLowerCase() !== 'container') return undefined;
  const { image } = imageParts(textAt(of, 'package_version.package_url'));
  const tag = textAt(of, 'package_version.container_metadata.tag.name');
  const digest = textAt(of, 'package_version.container_metadata.tag.digest') || textAt(of, 'package_version.version');
  // A push by digest alone leaves a colon without a tag behind, and the version is the digest.
  return { image, tag, digest: digest.startsWith('sha256:') ? digest : '', original: of };
}

const subjectOf = (payload: unknown): string | undefined => {
  const number = at(payload, 'pull_request.number') ?? at(payload, 'issue.number');
  if (typeof number === 'number') return String(number);
  const ref = textAt(payload, 'ref') || textAt(payload, 'release.tag_name');
  return ref === '' ? undefined : ref;
};
