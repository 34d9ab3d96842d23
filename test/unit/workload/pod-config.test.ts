/** What pods read of ConfigMaps and Secrets, and what is said when it changes. */
import { describe, expect, it } from '@jest/globals';
import type { ConfigObject, PodTemplate } from '../../../core/kube/objects.ts';
import { configTexts } from '../../../core/workload/pod-config/change-texts.ts';
import {
  configChanges,
  configRecordOf,
  originalNames,
  recordText,
  stateOf,
  type ConfigRecord,
} from '../../../core/workload/pod-config/config-record.ts';
import { copyName, isCopied, sameContent } from '../../../core/workload/pod-config/copies.ts';
import { configReferences, withConfigNames } from '../../../core/workload/pod-config/references.ts';
import { facts, record, workload } from '../../support/facts.ts';
import { WHOLE } from '../../../core/values/share.ts';

const template = {
  spec: {
    volumes: [
      { name: 'config', configMap: { name: 'config' } },
      { name: 'tls', secret: { secretName: 'tls', optional: true } },
      {
        name: 'all',
        projected: { sources: [{ secret: { name: 'db' } }, { configMap: { name: 'flags', optional: true } }] },
      },
      { name: 'scratch', emptyDir: {} },
    ],
    containers: [
      {
        name: 'app',
        image: 'a:1',
        envFrom: [{ prefix: 'X_', configMapRef: { name: 'flags' } }, { secretRef: { name: 'tls', optional: true } }],
        env: [
          { name: 'A', value: 'config' },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'keys', key: 'b' } } },
          { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
      },
    ],
    initContainers: [{ name: 'init', env: [{ name: 'D', valueFrom: { secretKeyRef: { name: 'init', key: 'd' } } }] }],
    imagePullSecrets: [{ name: 'pull' }],
  },
} as unknown as PodTemplate;

const secret = (metadata: Partial<ConfigObject['metadata']>, data: Record<string, string>): ConfigObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db', uid: 'u1', resourceVersion: '7', ...metadata },
  type: 'Opaque',
  data,
});

describe('what a pod template reads', () => {
  it('is found in volumes, projected ones too, and in the environment; optional where every place says so', () => {
    expect(
      configReferences(template).map(({ kind, name, optional }) => `${kind} ${name}${optional ? '?' : ''}`),
    ).toEqual(['ConfigMap config', 'ConfigMap flags', 'ConfigMap keys', 'Secret db', 'Secret init', 'Secret tls?']);
  });

  it('gets other names at every place, and nothing else changes: back again it is the same', () => {
    const references = configReferences(template);
    const there = Object.fromEntries(references.map(({ kind, name }) => [`${kind}/${name}`, `${name}-v1`]));
    const back = Object.fromEntries(references.map(({ kind, name }) => [`${kind}/${name}-v1`, name]));
    const renamed = withConfigNames(template, there);
    expect(configReferences(renamed).map(({ name }) => name)).toEqual(references.map(({ name }) => `${name}-v1`));
    expect(withConfigNames(renamed, back)).toEqual(template);
    expect(withConfigNames(template, {})).toBe(template);
  });
});

describe('the record of a version', () => {
  it('has nothing that is made from what a Secret holds', () => {
    const short = stateOf(secret({}, { pin: 'MTIzNA==' }));
    expect(short).toBe(stateOf(secret({}, { pin: 'OTk5OQ==' })));
    expect(copyName(secret({}, { pin: 'MTIzNA==' }), 'v1')).toBe(copyName(secret({}, { pin: 'OTk5OQ==' }), 'v1'));
    expect(copyName(secret({ resourceVersion: '8' }, {}), 'v1')).not.toBe(copyName(secret({}, {}), 'v1'));
  });

  it('is read back as it was written; what somebody has broken is no record', () => {
    const given: ConfigRecord = { shared: { 'ConfigMap/a': 'x' }, copies: { 'Secret/db': 'db-v1-abc' } };
    const read = (text: string) =>
      configRecordOf({ metadata: { name: 'x', annotations: { 'tidegate.dev/config': text } } });
    expect(read(recordText(given) ?? '')).toEqual(given);
    expect(read('{')).toBeNull();
    expect(read('7')).toEqual({ shared: {}, copies: {} });
    expect(recordText({ shared: {}, copies: {} })).toBeUndefined();
    expect(originalNames(given)).toEqual({ 'Secret/db-v1-abc': 'db' });
  });

  it('tells changed, written, gone, new and unknown apart, and says nothing of what is the same', () => {
    const shared = {
      ...{ 'ConfigMap/a': '1', 'ConfigMap/b': '1', 'ConfigMap/c': 'absent', 'ConfigMap/d': 'absent' },
      ...{ 'Secret/e': 'u/1', 'Secret/f': 'unknown', 'Secret/g': 'u/1' },
    };
    const now = {
      ...{ 'ConfigMap/a': '1', 'ConfigMap/b': 'absent', 'ConfigMap/c': 'absent', 'ConfigMap/d': '1' },
      ...{ 'Secret/e': 'u/2', 'Secret/f': 'u/1' },
    };
    const changes = configChanges(
      { shared, copies: { 'ConfigMap/x': 'x-v1' } },
      { ...now, 'ConfigMap/x-v1': 'absent' },
    );
    expect(changes.map(({ object, is }) => `${object}: ${is}`)).toEqual([
      'ConfigMap b: gone',
      'ConfigMap d: new',
      'Secret e: written',
      'Secret f: unknown',
      'Secret g: unknown',
      'ConfigMap x-v1: copyGone',
    ]);
  });

  it('is told of versions that traffic may go back to, and of no other', () => {
    const cluster = 'aws-us-east-1';
    const changed = { config: [{ object: 'ConfigMap a', is: 'changed' as const }] };
    const adopted = record(cluster, { v2: WHOLE });
    const read = facts(cluster, {
      record: { ...adopted, versions: { ...adopted.versions, previous: { [cluster]: 'v1' } } },
      workloads: [workload('v2', changed), workload('v1', changed), workload('v0', changed)],
    });
    expect(configTexts('checkout', [read]).map((text) => text.split(':')[0])).toEqual([
      `checkout v2 (proven) in ${cluster}`,
      `checkout v1 (previous) in ${cluster}`,
    ]);
    expect(configTexts('checkout', [{ ...read, record: null }])).toEqual([]);
  });
});

describe('a copy', () => {
  it('is not made of what its owner wants shared, nor of a token that somebody rotates', () => {
    expect(isCopied(secret({}, {}))).toBe(true);
    expect(isCopied(secret({ annotations: { 'tidegate.dev/config': 'shared' } }, {}))).toBe(false);
    expect(isCopied({ ...secret({}, {}), type: 'kubernetes.io/service-account-token' })).toBe(false);
  });

  it('has a name that Kubernetes takes, however long the original and the version are', () => {
    const name = copyName(secret({ name: `${'a.'.repeat(126)}b` }, {}), 'V2_beta+3.long.version.name');
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  });

  it('is the same as its original where pods see the same, whatever their metadata say', () => {
    expect(sameContent(secret({}, { a: 'eA==' }), secret({ name: 'copy', resourceVersion: '9' }, { a: 'eA==' }))).toBe(
      true,
    );
    expect(sameContent(secret({}, { a: 'eA==' }), secret({}, { a: 'eQ==' }))).toBe(false);
  });
});
