/** GitHub and GitLab: the status of a commit, and at the end a deployment per cluster, made once. */
import type { ForgeSink } from '../../core/config/events/types.ts';
import { clusterDeployments, commitStatus, type ClusterDeployment } from '../../core/events/out/formats/forge.ts';
import { fieldAt } from '../../core/values/json.ts';
import { assertTaken, isSoAlready, isTooOften } from './answers.ts';
import type { Telling } from './message.ts';
import type { TellDeps } from './ports.ts';

/** Asks its API; answers with what it says, as JSON. */
type Ask = (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<unknown>;

export async function tellForge(deps: TellDeps, sink: ForgeSink, { event, links }: Telling): Promise<void> {
  const { sha, state, context, description, targetUrl } = commitStatus(sink, event, links.run);
  const ask = apiOf(deps, sink, await deps.secret(sink.token));
  const link = targetUrl === '' ? {} : { target_url: targetUrl };
  if (sink.type === 'github') {
    const shown = state === 'running' ? 'pending' : state;
    await ask('POST', `/repos/${sink.repository}/statuses/${sha}`, { state: shown, context, description, ...link });
  } else {
    const status = { state: gitlabStates[state], name: context, description, ...link };
    await ask('POST', `${projectOf(sink)}/statuses/${sha}`, status);
  }
  const tellDeployment = sink.type === 'github' ? tellGithubDeployment : tellGitlabDeployment;
  for (const one of clusterDeployments(sink, event)) await tellDeployment(ask, sink, one);
}

const gitlabStates = { pending: 'pending', running: 'running', success: 'success', failure: 'failed', error: 'failed' };

async function tellGithubDeployment(ask: Ask, { repository }: ForgeSink, one: ClusterDeployment): Promise<void> {
  const { sha, environment, task, state, description } = one;
  const query = new URLSearchParams({ sha, environment, task });
  const found = idIn(await ask('GET', `/repos/${repository}/deployments?${query.toString()}`));
  const wanted = { ref: sha, environment, task, description, auto_merge: false, required_contexts: [] };
  const id = found || idIn([await ask('POST', `/repos/${repository}/deployments`, wanted)]);
  await ask('POST', `/repos/${repository}/deployments/${id}/statuses`, { state, description, environment });
}

/** Its deployments have no name of their own: the newest of the cluster tells whether this one is there. */
async function tellGitlabDeployment(ask: Ask, sink: ForgeSink, one: ClusterDeployment): Promise<void> {
  const { sha, environment, state } = one;
  const status = gitlabStates[state];
  const query = new URLSearchParams({ environment, status, order_by: 'id', sort: 'desc', per_page: '1' });
  const newest = await ask('GET', `${projectOf(sink)}/deployments?${query.toString()}`);
  if (Array.isArray(newest) && fieldAt(newest[0], 'sha') === sha) return;
  await ask('POST', `${projectOf(sink)}/deployments`, { environment, sha, ref: sha, tag: false, status });
}

const projectOf = ({ repository }: ForgeSink): string => `/projects/${encodeURIComponent(repository)}`;

/** Of the first of a list; '' = there is none. */
function idIn(list: unknown): string {
  const id = Array.isArray(list) ? fieldAt(list[0], 'id') : undefined;
  return typeof id === 'number' ? String(id) : '';
}

function apiOf({ client, activity }: TellDeps, { name, type, url }: ForgeSink, token: string): Ask {
  const github = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'x-github-api-version': '2022-11-28',
  };
  const auth = type === 'github' ? github : { accept: 'application/json', 'private-token': token };
  return async (method, path, body) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = {
      url: `${url}${path}`,
      method,
      headers: { ...auth, ...json },
      body: body === undefined ? '' : JSON.stringify(body),
    };
    const answer = await client.send(asked, activity.signal());
    if (type === 'gitlab' && isSoAlready(answer)) return null;
    assertTaken(name, type === 'github' && isTooOften(answer) ? { ...answer, status: 429 } : answer);
    try {
      return JSON.parse(answer.text) as unknown;
    } catch {
      // What was asked for is done: only an answer that is needed is missed, where it is read.
      return null;
    }
  };
}
