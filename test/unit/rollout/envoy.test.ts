import { describe, expect, it } from '@jest/globals';
import { readEnvoyImage } from '../../../activities/apply/read-envoy-image.ts';
import { envoySeen } from '../../../cli/doctor/cluster-checks.ts';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import { TidegateError } from '../../../core/values/error.ts';
import type { KubeCluster } from '../../../platform/kube/clusters.ts';
import { testConfig, unadopted } from '../../support/facts.ts';

const plan = (envoyImage: string) =>
  planRollout({ config: testConfig(), read: unadopted({ envoyImage }), change: { kind: 'adopt' } });

const envoyNotes = (envoyImage: string) => plan(envoyImage).notes.filter((note) => note.includes('Cilium runs'));

describe("Cilium's Envoy", () => {
  it('of a known version needs no word', () => {
    expect(envoyNotes('quay.io/cilium/cilium-envoy:v1.36.6-17-ab')).toEqual([]);
    expect(envoySeen('aws', 'quay.io/cilium/cilium-envoy:v1.36.6-17-ab')).toEqual({ note: '1.36', findings: [] });
  });

  it('of an unknown one is told once for all clusters, with the list that is taken for it', () => {
    const image = 'quay.io/cilium/cilium-envoy:v1.41.0-17-ab';
    expect(envoyNotes(image)).toEqual([
      expect.stringMatching(/^\S+(, \S+)*: Cilium runs Envoy 1.41, which is not known here; the list of 1.38 is taken/),
    ]);
    expect(envoySeen('aws', image).findings).toMatchObject([{ severity: 'warning' }]);
  });

  it('that cannot be read is told with the reason, and refuses nothing', () => {
    expect(envoyNotes('')[0]).toContain('the role may read no DaemonSet cilium-envoy or cilium in kube-system');
    expect(envoySeen('aws', '').findings).toMatchObject([{ severity: 'warning' }]);
  });

  it('that is too old is refused: its agent would drop the listener, and calls would bypass Envoy', () => {
    expect(() => plan('quay.io/cilium/cilium-envoy:v1.33.4-17-ab')).toThrow(/runs Envoy 1.33 .* older than 1.34/);
    expect(envoySeen('aws', 'quay.io/cilium/cilium-envoy:v1.33.4-17-ab').findings).toMatchObject([
      { severity: 'error' },
    ]);
  });
});

describe('the image', () => {
  const daemonSet = (name: string, image: string) => ({
    spec: { template: { spec: { containers: [{ name: 'mount-cgroup' }, { name, image }] } } },
  });
  const read = (answers: Readonly<Record<string, unknown>>): Promise<string> => {
    const ask = (path: string) => {
      const answer = answers[path.split('/').at(-1) ?? ''];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? null);
    };
    return readEnvoyImage({ name: 'aws', ask } as unknown as KubeCluster, new AbortController().signal);
  };
  const forbidden = new TidegateError('Forbidden', 'no');

  it('is that of cilium-envoy, and else of the agent that has Envoy inside', async () => {
    const agent = daemonSet('cilium-agent', 'cilium:v1.20.0');
    expect(await read({ 'cilium-envoy': daemonSet('cilium-envoy', 'envoy:v1.37.5'), cilium: agent })).toBe(
      'envoy:v1.37.5',
    );
    expect(await read({ cilium: agent })).toBe('cilium:v1.20.0');
  });

  it('is not known when the role may not look; a cluster that does not answer is another matter', async () => {
    expect(await read({})).toBe('');
    expect(await read({ 'cilium-envoy': forbidden, cilium: forbidden })).toBe('');
    await expect(read({ 'cilium-envoy': new TidegateError('Unavailable', 'gone') })).rejects.toThrow('gone');
  });
});
