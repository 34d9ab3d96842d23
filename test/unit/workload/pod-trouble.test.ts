import { describe, expect, it } from '@jest/globals';
import type { Deployment } from '../../../core/kube/objects.ts';
import {
  podTrouble,
  replicaTrouble,
  waitingPods,
  type Pod,
  type PodEvent,
} from '../../../core/workload/pod-trouble.ts';

const nowMs = Date.parse('2026-11-27T12:00:00Z');
const ago = (seconds: number): string => new Date(nowMs - seconds * 1_000).toISOString();

function pod({ age = 2, ...status }: { age?: number } & Pod['status']): Pod {
  const metadata = { name: 'checkout-v2-abc', uid: 'u1', creationTimestamp: ago(age) };
  return { apiVersion: 'v1', kind: 'Pod', metadata, status };
}

const waits = (reason: string, message = '', age = 2): Pod =>
  pod({ age, containerStatuses: [{ name: 'app', state: { waiting: { reason, message } } }] });

const unscheduled = (age: number, message: string): Pod =>
  pod({ age, conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] });

const event = (reason: string, message: string, uid = 'u1'): PodEvent => ({
  ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, involvedObject: { uid } },
  ...{ reason, message },
});

const troubleOf = (one: Pod, ...events: PodEvent[]) => podTrouble([one], { events, nowMs });

describe('what pods say of their start', () => {
  it('is final for an image that the registry does not have or give, in its own words', () => {
    const message =
      'Back-off pulling image "r/x:v2": ErrImagePull: rpc error: code = NotFound desc = r/x:v2: not found';
    expect(troubleOf(waits('ImagePullBackOff', message))).toEqual({
      text: `pod checkout-v2-abc: container app: ImagePullBackOff: ${message}`,
      isFinal: true,
    });
    expect(troubleOf(waits('InvalidImageName', 'bad'))?.isFinal).toBe(true);
  });

  it('is taken from the event where the back-off of an older kubelet does not say why', () => {
    const silent = waits('ImagePullBackOff', 'Back-off pulling image "r/x:v2"');
    expect(troubleOf(silent)?.isFinal).toBe(false);
    const failed = event('Failed', 'Failed to pull image "r/x:v2": pull access denied');
    expect(troubleOf(silent, failed)).toMatchObject({ isFinal: true, text: expect.stringContaining('access denied') });
    expect(troubleOf(silent, event('Failed', 'Failed to pull image: not found', 'other'))?.isFinal).toBe(false);
  });

  it('may pass for a registry that does not answer, and for a process that crashes', () => {
    expect(troubleOf(waits('ErrImagePull', 'dial tcp: i/o timeout'))?.isFinal).toBe(false);
    const crashed = pod({
      containerStatuses: [
        {
          ...{ name: 'app', restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } },
          lastState: { terminated: { exitCode: 1, reason: 'Error', message: 'no database' } },
        },
      ],
    });
    expect(troubleOf(crashed)).toEqual({
      text: 'pod checkout-v2-abc: container app: CrashLoopBackOff: 3 restarts, Error with exit code 1: no database',
      isFinal: false,
    });
  });

  it('is final for a ConfigMap that is not there once it had time to come', () => {
    const missing = (age: number): Pod => waits('CreateContainerConfigError', 'configmap "settings" not found', age);
    expect(troubleOf(missing(5))?.isFinal).toBe(false);
    expect(troubleOf(missing(11))?.isFinal).toBe(true);
  });

  it('is final for a pod that no node takes, unless somebody makes room', () => {
    const why = '0/3 nodes are available: 3 node(s) did not match pod anti-affinity rules';
    expect(troubleOf(unscheduled(5, why))?.isFinal).toBe(false);
    expect(troubleOf(unscheduled(11, why))).toEqual({
      text: `pod checkout-v2-abc: Unschedulable: ${why}`,
      isFinal: true,
    });
    expect(troubleOf(unscheduled(5, why), event('NotTriggerScaleUp', 'no node group fits'))?.isFinal).toBe(true);
    for (const room of ['TriggeredScaleUp', 'Nominated'])
      expect(troubleOf(unscheduled(60, why), event(room, 'a node comes'))?.isFinal).toBe(false);
    const preempts = unscheduled(60, why);
    expect(troubleOf({ ...preempts, status: { ...preempts.status, nominatedNodeName: 'n1' } })?.isFinal).toBe(false);
  });

  it('is final for a volume that another node holds', () => {
    const held = event('FailedAttachVolume', 'Multi-Attach error for volume "pvc-1": used by pod checkout-v1-xyz');
    expect(troubleOf(pod({ age: 11 }), held)).toMatchObject({ isFinal: true, text: expect.stringContaining('pvc-1') });
    expect(troubleOf(pod({ age: 11 }))).toBeNull();
  });

  it('names the one that is final before one that may pass, and never a pod that is ready or leaves', () => {
    const two = [waits('ErrImagePull', 'timeout'), waits('InvalidImageName', 'bad')];
    expect(podTrouble(two, { events: [], nowMs })?.text).toContain('InvalidImageName');
    const ready = pod({ conditions: [{ type: 'Ready', status: 'True' }] });
    const leaving = { ...two[0], metadata: { ...ready.metadata, deletionTimestamp: ago(1) } } as Pod;
    expect(waitingPods([ready, leaving])).toEqual([]);
  });
});

describe('pods that are not even made', () => {
  const failed = (message: string): Deployment => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'checkout-v2' } },
    spec: { selector: {}, template: { spec: { containers: [] } } },
    status: { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] },
  });

  it('are final for a quota, and not for a webhook that did not answer', () => {
    const quota =
      'pods "checkout-v2-abc" is forbidden: exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4';
    expect(replicaTrouble(failed(quota))).toEqual({
      text: `Deployment checkout-v2: FailedCreate: ${quota}`,
      isFinal: true,
    });
    const webhook = 'Internal error occurred: failed calling webhook "x": context deadline exceeded';
    expect(replicaTrouble(failed(webhook))?.isFinal).toBe(false);
    expect(replicaTrouble({ ...failed(''), status: {} })).toBeNull();
  });
});
