/** Amazon EKS. The identity is the SDK's default chain: environment, IRSA, Pod Identity, instance; then a role, if named. */
import type * as Providers from '@aws-sdk/credential-providers';
import type { EksAccess } from '../../core/kube/cluster-access.ts';
import { TidegateError } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';
import { untilAborted } from '../abort.ts';
import type { Access } from '../kube/access/api-access.ts';
import { bearerAccess, pemOf } from './bearer-access.ts';
import { cloudError } from './cloud-error.ts';
import { signEksToken, type AwsCredentials } from './eks-token.ts';
import { loadPackages } from './packages.ts';
import { CLOUD_TIMEOUT_MS } from './places.ts';
import { createTokenCache, type Token, type TokenCache } from './token-cache.ts';

/** What is asked of AWS. */
interface AwsCalls {
  credentials(): Promise<AwsCredentials>;
  /** `eks:DescribeCluster`; no credentials are asked for beside those given. */
  describeCluster(credentials: AwsCredentials): Promise<{ readonly endpoint?: string; readonly ca?: string }>;
  sign(credentials: AwsCredentials): Promise<Token>;
}

/** The SDK's own retries of what is throttled or fails, all attempts. */
const ATTEMPTS = 4;
/** Of an answer that stays away the SDK only warns, unless it is told to throw. */
const SDK_REQUEST = { connectionTimeout: 3_000, requestTimeout: 5_000, throwOnRequestTimeout: true };

/** @param name of the cluster in its mesh, for messages */
export async function loadEks(name: string, access: EksAccess): Promise<Access> {
  const calls = await connectAws(name, access);
  const { endpoint = '', ca } = await calls.describeCluster(await calls.credentials());
  return bearerAccess(name, { server: endpoint, ca: pemOf(ca) }, tokensOf(calls));
}

/** For a cluster whose address is known. */
export const eksTokens = async (name: string, access: EksAccess): Promise<TokenCache> =>
  tokensOf(await connectAws(name, access));

/** Names of the account's clusters in the region, page by page (`eks:ListClusters`). */
export async function* listEks(name: string, region: string): AsyncIterable<readonly string[]> {
  const [{ EKSClient, ListClustersCommand }, providers] = await loadAws(name);
  const credentials = providerOf(providers, { kind: 'eks', cluster: '', region });
  const client = new EKSClient({ region, credentials, maxAttempts: ATTEMPTS, requestHandler: SDK_REQUEST });
  try {
    let nextToken: string | undefined;
    do {
      const abortSignal = AbortSignal.timeout(CLOUD_TIMEOUT_MS);
      const page = await client.send(new ListClustersCommand(present({ nextToken })), { abortSignal });
      yield page.clusters ?? [];
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    throw cloudError({
      ...{ what: `${name}: EKS ListClusters`, ...faultOf(error) },
      ...{ grant: 'allow eks:ListClusters to your identity', correct: 'correct the region' },
    });
  } finally {
    client.destroy();
  }
}

const tokensOf = (calls: AwsCalls): TokenCache => createTokenCache(async () => calls.sign(await calls.credentials()));

const loadAws = (name: string) =>
  loadPackages(
    () =>
      Promise.all([
        import('@aws-sdk/client-eks'),
        import('@aws-sdk/credential-providers'),
        import('@smithy/signature-v4'),
      ]),
    {
      ...{ cluster: name, way: 'eks' },
      packages: ['@aws-sdk/client-eks', '@aws-sdk/credential-providers', '@smithy/signature-v4'],
    },
  );

async function connectAws(name: string, access: EksAccess): Promise<AwsCalls> {
  const { region, cluster } = access;
  const [{ EKSClient, DescribeClusterCommand }, providers, { SignatureV4 }] = await loadAws(name);
  let provide = providerOf(providers, access);
  return {
    async credentials() {
      try {
        return await untilAborted(provide(), AbortSignal.timeout(CLOUD_TIMEOUT_MS));
      } catch (error) {
        // A provider gives one question to all who ask: what hangs in it would hang for whoever comes next.
        provide = providerOf(providers, access);
        throw credentialsError(name, access, error);
      }
    },
    async describeCluster(credentials) {
      const client = new EKSClient({ region, credentials, maxAttempts: ATTEMPTS, requestHandler: SDK_REQUEST });
      try {
        const abortSignal = AbortSignal.timeout(CLOUD_TIMEOUT_MS);
        const { cluster: found } = await client.send(new DescribeClusterCommand({ name: cluster }), { abortSignal });
        const [endpoint, ca] = [found?.endpoint, found?.certificateAuthority?.data];
        return { ...(endpoint !== undefined && { endpoint }), ...(ca !== undefined && { ca }) };
      } catch (error) {
        throw cloudError({
          ...{ what: `${name}: EKS DescribeCluster of ${cluster} in ${region}`, ...faultOf(error) },
          grant: "allow eks:DescribeCluster on the cluster to the worker's identity, or to its roleArn",
          correct: 'correct access.eks of the cluster: cluster, region, and the account of roleArn',
        });
      } finally {
        client.destroy();
      }
    },
    sign: (credentials) => signEksToken(SignatureV4, { cluster, region, credentials, nowMs: Date.now() }),
  };
}

function providerOf(
  { fromNodeProviderChain, fromTemporaryCredentials }: typeof Providers,
  { region, roleArn, externalId }: EksAccess,
): () => Promise<AwsCredentials> {
  const clientConfig = { region, maxAttempts: ATTEMPTS, requestHandler: SDK_REQUEST };
  const own = fromNodeProviderChain({ clientConfig });
  if (roleArn === undefined) return own;
  return fromTemporaryCredentials({
    masterCredentials: own,
    params: {
      RoleArn: roleArn,
      RoleSessionName: 'tidegate',
      ...(externalId !== undefined && { ExternalId: externalId }),
    },
    clientConfig,
  });
}

function credentialsError(name: string, { roleArn }: EksAccess, error: unknown): Error {
  const identity = 'give the worker an identity of AWS: Pod Identity, IRSA, an instance profile or its environment';
  const trust =
    "allow sts:AssumeRole on it to the worker's identity, and name that identity (and the externalId) in the role's trust policy";
  return cloudError({
    what: `${name}: ${roleArn === undefined ? 'credentials of AWS' : `AssumeRole of ${roleArn}`}`,
    ...faultOf(error),
    grant: roleArn === undefined ? identity : trust,
    correct: 'correct access.eks.roleArn of the cluster',
  });
}

/** An error of the SDK carries its request; its name and status are all that is taken. */
function faultOf(error: unknown): { readonly status?: number | undefined; readonly code: unknown } {
  const { name, $metadata } = error as { name?: unknown; $metadata?: { httpStatusCode?: number } };
  return { status: $metadata?.httpStatusCode, code: name };
}
