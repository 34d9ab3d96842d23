import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKubeClient, type KubeClient, type KubeTarget } from './kube-client.ts';
import { freePorts } from '../ports.ts';
import { untilReady, type LabProcess, type ProcessStarter } from '../processes/process.ts';

/** Nothing in the lab does what these plugins wait for (service account tokens, taints by condition, quotas …). */
const withoutPlugins = [
  'ServiceAccount',
  'TaintNodesByCondition',
  'Priority',
  'DefaultTolerationSeconds',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'ClusterTrustBundleAttest',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'PodSecurity',
  'LimitRanger',
  'ResourceQuota',
];

/** Five seconds alone; twenty at once share the cores. */
const startLimitMs = 180_000;

export interface ApiServer {
  readonly process: LabProcess;
  readonly client: KubeClient;
  readonly admin: KubeTarget;
  /** The least-privileged user that Tidegate works as. */
  readonly tidegate: KubeTarget;
}

export async function startEtcd(
  starter: ProcessStarter,
  name: string,
  dir: string,
): Promise<{ process: LabProcess; url: string }> {
  const [client, peer] = (await freePorts(2)) as [number, number];
  const url = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const process = starter.start({
    name,
    command: 'etcd',
    args: [
      `--data-dir=${join(dir, name)}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--log-level=error',
      '--unsafe-no-fsync',
    ],
  });
  await untilReady(name, async () => (await fetch(`${url}/health`)).ok, { needs: [process] });
  return { process, url };
}

interface ApiServerOptions {
  readonly cluster: string;
  readonly etcdUrl: string;
  readonly serviceCidr: string;
  readonly dir: string;
  readonly signal: AbortSignal;
  /** Who asked for what goes into this file, a JSON object per line. Absent: nowhere. */
  readonly auditLog?: string;
}

export async function startApiServer(starter: ProcessStarter, options: ApiServerOptions): Promise<ApiServer> {
  const dir = join(options.dir, options.cluster);
  mkdirSync(dir, { recursive: true });
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const adminToken = randomBytes(16).toString('hex');
  const tidegateToken = randomBytes(16).toString('hex');
  const file = (name: string, content: string): string => {
    writeFileSync(join(dir, name), content, { mode: 0o600 });
    return join(dir, name);
  };
  const [port] = (await freePorts(1)) as [number];
  const server = `https://127.0.0.1:${port}`;
  const process = starter.start({
    name: `kube-apiserver-${options.cluster}`,
    command: 'kube-apiserver',
    args: [
      `--etcd-servers=${options.etcdUrl}`,
      `--etcd-prefix=/registry-${options.cluster}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      `--cert-dir=${join(dir, 'certificates')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${file('service-account.pub', keys.publicKey)}`,
      `--service-account-signing-key-file=${file('service-account.key', keys.privateKey)}`,
      `--service-cluster-ip-range=${options.serviceCidr}`,
      `--token-auth-file=${file('tokens.csv', `${adminToken},lab-admin,1,"system:masters"\n${tidegateToken},tidegate,2\n`)}`,
      '--authorization-mode=RBAC',
      `--disable-admission-plugins=${withoutPlugins.join(',')}`,
      '--profiling=false',
      ...auditArgs(options.auditLog, file),
    ],
  });
  const caFile = join(dir, 'certificates', 'apiserver.crt');
  const target = (token: string): KubeTarget => ({ server, token, ca: readFileSync(caFile, 'utf8') });
  await untilReady(
    `${options.cluster}: certificate of the API server`,
    () => Promise.resolve(target('').ca.includes('END CERT')),
    {
      needs: [process],
      signal: options.signal,
    },
  );
  const client = createKubeClient(target(adminToken));
  await untilReady(`${options.cluster}: API server`, () => isReady(client), {
    needs: [process],
    signal: options.signal,
    timeoutMs: startLimitMs,
  });
  return { process, client, admin: target(adminToken), tidegate: target(tidegateToken) };
}

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

function auditArgs(log: string | undefined, file: (name: string, content: string) => string): string[] {
  if (log === undefined) return [];
  const policy = file('audit-policy.json', JSON.stringify(auditPolicy));
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`, '--audit-log-mode=blocking'];
}

async function isReady(client: KubeClient): Promise<boolean> {
  // readyz answers "ok", which is no JSON; a ready server answers this one after its bootstrap roles exist.
  await client.get('/apis/rbac.authorization.k8s.io/v1/clusterroles/system:basic-user');
  await client.get('/api/v1/namespaces/default');
  return true;
}
