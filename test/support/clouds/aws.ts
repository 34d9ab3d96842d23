/** EKS (JSON over REST) and STS (query and XML), as far as a worker asks them. */
import type { FakeAnswer, FakeApi } from '../fake-api.ts';
import { base64, filled, json, setEnvironment, startCloudServer, type CloudCall, type Fault } from './server.ts';

export interface FakeAws {
  /** What DescribeCluster tells from now on. */
  cluster: { readonly url: string; readonly ca: string };
  /** Answers instead, while it gives something. */
  fault: Fault;
  /** What ListClusters gives, page by page. */
  names: readonly (readonly string[])[];
  /** End of the assumed role's credentials, ms from now. */
  roleLifeMs: number;
  readonly seen: readonly CloudCall[];
  described(): number;
  close(): Promise<void>;
}

export const AWS_SECRETS = [
  'MARKER-aws-secret-key',
  'MARKER-aws-session',
  'MARKER-role-secret-key',
  'MARKER-role-session',
];
const [SECRET = '', SESSION = '', ROLE_SECRET = '', ROLE_SESSION = ''] = AWS_SECRETS;
export const ROLE = 'arn:aws:iam::111122223333:role/tidegate';

/** What signs with each access key. */
export const secretOf: Readonly<Record<string, string>> = { AKIAEXAMPLE: SECRET, ASIAEXAMPLE: ROLE_SECRET };

export async function startFakeAws(api: Pick<FakeApi, 'url' | 'ca'>): Promise<FakeAws> {
  const server = await startCloudServer((call) => fake.fault(call) ?? answer(call));
  const restore = setEnvironment({
    AWS_ENDPOINT_URL_EKS: server.url,
    AWS_ENDPOINT_URL_STS: server.url,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_SESSION_TOKEN: SESSION,
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  const answer = ({ method, url, body }: CloudCall): FakeAnswer => {
    if (method === 'GET' && url.pathname === '/clusters/shop-us-east-1')
      return json(
        200,
        filled('eks-describe-cluster.json', { endpoint: fake.cluster.url, ca: base64(fake.cluster.ca) }),
      );
    if (method === 'GET' && url.pathname === '/clusters') return pageOf(fake.names, url.searchParams.get('nextToken'));
    if (method === 'GET') return eksError(404, 'ResourceNotFoundException');
    const asked = new URLSearchParams(body);
    if (asked.get('Action') !== 'AssumeRole' || asked.get('RoleArn') !== ROLE) return stsError(403, 'AccessDenied');
    const expiration = new Date(Date.now() + fake.roleLifeMs).toISOString();
    const values = { secret: ROLE_SECRET, session: ROLE_SESSION, expiration };
    return { status: 200, headers: { 'content-type': 'text/xml' }, body: filled('sts-assume-role.xml', values) };
  };
  const fake: FakeAws = {
    cluster: { url: api.url, ca: api.ca },
    fault: () => undefined,
    names: [['shop-us-east-1']],
    roleLifeMs: 3_600_000,
    seen: server.seen,
    described: () => server.seen.filter(({ url }) => url.pathname.startsWith('/clusters/')).length,
    close: async () => {
      restore();
      await server.close();
    },
  };
  return fake;
}

/** As EKS tells ListClusters: a token is there while there is more. */
function pageOf(names: FakeAws['names'], token: string | null): FakeAnswer {
  const at = Number(token ?? 0);
  return json(200, { clusters: names[at] ?? [], ...(at + 1 < names.length && { nextToken: String(at + 1) }) });
}

export const eksError = (
  status: number,
  type: string,
  message = 'no',
  headers: Record<string, string> = {},
): FakeAnswer => json(status, { __type: type, message }, { 'x-amzn-errortype': type, ...headers });

export const stsError = (status: number, code: string, message = 'no'): FakeAnswer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
});
