/** Clusters of EKS: who calls, and where, against EKS and STS on the wire. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EksAccess } from '../../../core/kube/cluster-access.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import { signEksToken } from '../../../platform/cloud/eks-token.ts';
import { createClusters, type Clusters } from '../../../platform/kube/clusters.ts';
import {
  AWS_SECRETS,
  eksError,
  ROLE,
  secretOf,
  startFakeAws,
  stsError,
  type FakeAws,
} from '../../support/clouds/aws.ts';
import { verifyEksToken } from '../../support/clouds/authenticator.ts';
import { startSilentServer } from '../../support/clouds/server.ts';
import { allowForSdks } from '../../support/clouds/sdk-time.ts';
import { never, startFakeApi, statusText, type FakeApi, type FakeCall } from '../../support/fake-api.ts';

allowForSdks();

let api: FakeApi;
let aws: FakeAws;
let clusters: Clusters;
/** Status codes with which the API server answers next, before it answers as ever. */
let refusals: number[] = [];

const answer = ({ headers }: FakeCall) => {
  const refusal = refusals.shift();
  if (refusal !== undefined) return { status: refusal, body: statusText(refusal, 'Unauthorized') };
  tokenIn(headers.authorization);
  return { status: 404, body: statusText(404, 'NotFound') };
};

const tokenIn = (authorization = '') =>
  verifyEksToken(authorization.replace('Bearer ', ''), {
    cluster: access.cluster,
    secrets: secretOf,
    nowMs: Date.now(),
  });

const access: EksAccess = { kind: 'eks', cluster: 'shop-us-east-1', region: 'us-east-1' };
const read = (by: Partial<EksAccess> = {}) =>
  clusters
    .connect({ name: 'aws', access: { ...access, ...by } })
    .get(kinds.service, { namespace: 'shop', name: 'checkout' });
const lastToken = () => tokenIn(api.seen.at(-1)?.headers.authorization);

beforeAll(async () => {
  api = await startFakeApi(answer);
});

afterAll(() => api.close());

beforeEach(async () => {
  refusals = [];
  aws = await startFakeAws(api);
  clusters = createClusters({ deadlineMs: 60_000 });
});

afterEach(async () => {
  await clusters.close();
  await aws.close();
});

describe('the token of EKS', () => {
  const vectors = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../fixtures/clouds/botocore-tokens.json'), 'utf8'),
  ) as {
    date: string;
    accessKeyId: string;
    secretAccessKey: string;
    signed: { cluster: string; region: string; sessionToken: string | null; url: string }[];
  };

  it.each(vectors.signed)('is what botocore signs, in $region', async ({ cluster, region, sessionToken, url }) => {
    const { accessKeyId, secretAccessKey, date } = vectors;
    const nowMs = Date.parse(date);
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== null && { sessionToken }) };
    const { value } = await signEksToken(SignatureV4, { cluster, region, credentials, nowMs });
    const ours = new URL(Buffer.from(value.replace('k8s-aws-v1.', ''), 'base64url').toString());
    const theirs = new URL(url);
    expect(ours.host).toBe(theirs.host);
    expect(Object.fromEntries(ours.searchParams)).toEqual(Object.fromEntries(theirs.searchParams));
    const expected = { cluster, secrets: { [accessKeyId]: secretAccessKey }, nowMs };
    expect(verifyEksToken(value, expected)).toMatchObject({ accessKeyId, region, sessionToken });
    expect(() => verifyEksToken(value, { ...expected, cluster: 'other' })).toThrow('signature');
  });

  it.each([
    ['us-gov-west-1', 'sts.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', 'sts.cn-north-1.amazonaws.com.cn'],
    ['eusc-de-east-1', 'sts.eusc-de-east-1.amazonaws.eu'],
    ['us-isof-south-1', 'sts.us-isof-south-1.csp.hci.ic.gov'],
    ['eu-isoe-west-1', 'sts.eu-isoe-west-1.cloud.adc-e.uk'],
  ])('names the STS of the partition of %s', async (region, host) => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const { value } = await signEksToken(SignatureV4, { cluster: 'c', region, credentials, nowMs: 0 });
    expect(new URL(Buffer.from(value.replace('k8s-aws-v1.', ''), 'base64url').toString()).host).toBe(host);
  });

  it('is used for 12 minutes, and no longer than the credentials are good that signed it', async () => {
    const signed = (expiration?: Date) =>
      signEksToken(SignatureV4, {
        ...{ cluster: 'c', region: 'us-east-1', nowMs: 0 },
        credentials: { accessKeyId: 'a', secretAccessKey: 'b', ...(expiration && { expiration }) },
      });
    expect((await signed()).expiresAtMs).toBe(12 * 60_000);
    expect((await signed(new Date(300_000))).expiresAtMs).toBe(300_000);
  });
});

describe('a cluster of EKS', () => {
  it('is found by DescribeCluster, once, and called with one token of the worker for many calls', async () => {
    await Promise.all([read(), read(), read()]);
    await read();
    expect(lastToken()).toEqual({
      cluster: 'shop-us-east-1',
      accessKeyId: 'AKIAEXAMPLE',
      region: 'us-east-1',
      sessionToken: AWS_SECRETS[1],
    });
    expect(aws.described()).toBe(1);
    expect(new Set(api.seen.slice(-4).map(({ headers }) => headers.authorization)).size).toBe(1);
  });

  it('is called by the role that is named, with the external id of its trust policy', async () => {
    await read({ roleArn: ROLE, externalId: 'shop-7' });
    expect(lastToken()).toMatchObject({ accessKeyId: 'ASIAEXAMPLE', sessionToken: AWS_SECRETS[3] });
    const [assumed] = aws.seen.filter(({ body }) => body.includes('AssumeRole'));
    expect(Object.fromEntries(new URLSearchParams(assumed?.body))).toMatchObject({
      RoleArn: ROLE,
      RoleSessionName: 'tidegate',
      ExternalId: 'shop-7',
    });
  });

  it('is called with a new token for each call where the credentials of the role end within a minute', async () => {
    aws.roleLifeMs = 30_000;
    await read({ roleArn: ROLE });
    const assumed = () => aws.seen.filter(({ body }) => body.includes('AssumeRole')).length;
    const before = assumed();
    await read({ roleArn: ROLE });
    expect(assumed()).toBe(before + 1);
  });

  it('that refuses a token gets another, once: a token may end in mid-rollout, and no call fails of it', async () => {
    await read();
    refusals = [401];
    await read();
    expect(aws.described()).toBe(1);
    refusals = [401, 401];
    await expect(read()).rejects.toMatchObject({ code: 'Forbidden', fix: expect.stringContaining('access entry') });
    expect(refusals).toEqual([]);
  });

  it('is found in the end where DescribeCluster is throttled', async () => {
    let left = 2;
    aws.fault = () => (left-- > 0 ? eksError(429, 'ThrottlingException') : undefined);
    await read();
    expect(aws.described()).toBe(3);
  });

  it('that has moved is looked up again, and the call that reached nobody is made there', async () => {
    const old = await startFakeApi(answer);
    aws.cluster = old;
    await read();
    await old.close();
    aws.cluster = api;
    await read();
    expect([aws.described(), lastToken().cluster]).toEqual([2, 'shop-us-east-1']);
  });

  it('that has moved away from an address where nobody answers is looked up again, in time for the call', async () => {
    await read();
    const silent = await startSilentServer();
    const hasty = createClusters({ deadlineMs: 9_000 });
    try {
      aws.cluster = { url: silent.url, ca: api.ca };
      const reading = hasty
        .connect({ name: 'aws', access })
        .get(kinds.service, { namespace: 'shop', name: 'checkout' });
      await silent.reached;
      aws.cluster = api;
      await expect(reading).resolves.toBeNull();
    } finally {
      await hasty.close();
      await silent.close();
    }
  });

  it('that has another authority by now is looked up again', async () => {
    aws.cluster = { url: api.url, ca: api.ca };
    const turned = await startFakeApi(answer);
    try {
      aws.cluster = turned;
      await read();
      turned.rotate();
      const { rotated } = await import('../../support/fake-api.ts');
      aws.cluster = { url: turned.url, ca: rotated.cert };
      await read();
      expect(aws.described()).toBe(2);
    } finally {
      await turned.close();
    }
  });

  it('that is only down is asked about once in a while, not at every call', async () => {
    const down = await startFakeApi(answer);
    aws.cluster = down;
    await read();
    await down.close();
    for (let i = 0; i < 3; i += 1)
      await expect(read()).rejects.toMatchObject({
        code: 'Unavailable',
        message: expect.stringContaining('cannot be reached'),
      });
    expect(aws.described()).toBe(2);
  });
});

describe('what AWS refuses', () => {
  it('is told with the remedy: a role that may not be assumed', async () => {
    await expect(read({ roleArn: `${ROLE}-of-others` })).rejects.toMatchObject({
      code: 'Forbidden',
      message: `aws: AssumeRole of ${ROLE}-of-others: AccessDenied`,
      fix: expect.stringContaining('trust policy'),
    });
  });

  it.each([
    [403, 'AccessDeniedException', 'Forbidden', 'eks:DescribeCluster'],
    [404, 'ResourceNotFoundException', 'Invalid', 'access.eks'],
  ])('is told with the remedy: %d %s', async (status, type, code, fix) => {
    aws.fault = () => eksError(status, type);
    await expect(read()).rejects.toMatchObject({
      ...{ code, message: `aws: EKS DescribeCluster of shop-us-east-1 in us-east-1: ${type}` },
      fix: expect.stringContaining(fix),
    });
  });

  it('or does not answer at all, on one connection, holds nobody up: the SDK asks again on another', async () => {
    let hanging = 1;
    aws.fault = ({ method }) => (method === 'POST' && hanging-- > 0 ? never() : undefined);
    await expect(read({ roleArn: ROLE })).resolves.toBeNull();
    expect(aws.seen.filter(({ body }) => body.includes('AssumeRole')).length).toBeGreaterThan(1);
  });

  it('may pass: the next call tries again', async () => {
    aws.fault = ({ method }) => (method === 'POST' ? stsError(403, 'ExpiredToken') : undefined);
    await expect(read({ roleArn: ROLE })).rejects.toMatchObject({ code: 'Unavailable' });
    aws.fault = () => undefined;
    await expect(read({ roleArn: ROLE })).resolves.toBeNull();
  });
});
