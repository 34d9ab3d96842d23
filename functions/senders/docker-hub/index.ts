/**
 * Docker Hub: webhooks of a repository. It can authenticate in no way, so that the URL ends in a secret, and it says no
 * digest: that is asked for at the registry before anything starts.
 * @see https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
import { assertSecretPath } from '../auth/tokens.ts';
import { jsonBody } from '../content.ts';
import { bySender, idOf, imageAt, pushEvent } from '../events.ts';
import { at, neededText, timeOfSeconds } from '../payload.ts';
import type { Receive } from '../sender.ts';

export const receiveDockerHub: Receive = async (request, sender, tools) => {
  await assertSecretPath(request, { sender, tools });
  const payload = jsonBody(request);
  const repository = neededText(payload, 'repository.repo_name');
  const tag = neededText(payload, 'push_data.tag');
  const pushedAt = at(payload, 'push_data.pushed_at');
  const image = imageAt(sender, { host: 'docker.io', repository });
  return bySender(sender, [
    pushEvent({
      id: idOf(repository, tag, pushedAt),
      source: `https://hub.docker.com/r/${repository}`,
      time: timeOfSeconds(pushedAt),
      image,
      tag,
      digest: '',
      original: payload,
    }),
  ]);
};
