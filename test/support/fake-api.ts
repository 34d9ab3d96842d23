/** A small HTTPS server on 127.0.0.1 that stands where an API server would, with answers of the test's own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { kubeconfig } from '../../infra/lab/api/kubeconfig.ts';

export interface FakeAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
}

export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Common name of the client certificate that was shown; '' without one. */
  readonly client: string;
}

export interface FakeApi {
  readonly url: string;
  /** PEM of the certificate, which is its own authority. */
  readonly ca: string;
  /** PEM of the certificate's key, for clients that show the same one. */
  readonly key: string;
  /** Shows another certificate from now on, on new connections; the old ones are closed. */
  rotate(): void;
  readonly seen: readonly FakeCall[];
  /** A cluster behind it, by a kubeconfig with a token. */
  readonly ref: ReachableCluster;
  /** Folder for kubeconfigs of a test's own; goes with `close`. */
  readonly dir: string;
  close(): Promise<void>;
}

/** An answer that never comes: the server has taken the request, and hangs. */
export const never = (): Promise<FakeAnswer> => new Promise(() => undefined);

export async function startFakeApi(answer: (call: FakeCall) => FakeAnswer | Promise<FakeAnswer>): Promise<FakeApi> {
  const seen: FakeCall[] = [];
  const options = { key, cert: certificate, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, ({ method = '', url = '', headers, socket }, response) => {
    const shown = (socket as TLSSocket).getPeerCertificate().subject as { CN?: string } | undefined;
    const call = { method, path: url.split('?')[0] ?? '', headers, client: shown?.CN ?? '' };
    seen.push(call);
    void Promise.resolve(answer(call)).then(({ status, body, headers: sent }) => {
      response.writeHead(status, sent).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-fake-'));
  const path = join(dir, 'kubeconfig');
  await writeFile(
    path,
    kubeconfig([{ name: 'aws', user: 'tidegate', target: { server: url, token: 't', ca: certificate } }]),
  );
  return {
    url,
    ca: certificate,
    key,
    seen,
    ref: { name: 'aws', access: { kind: 'kubeconfig', path } },
    dir,
    rotate() {
      server.setSecureContext({ key: rotated.key, cert: rotated.cert });
      server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true });
    },
  };
}

/** As an API server says that something is not there. */
export const statusText = (code: number, reason: string, message = 'no'): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });

// Made for tests only, by `openssl req -x509`: for 127.0.0.1 and api.test, until 2126. Each is its own authority.
export const rotated = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/cIUOh36LeAY0hA8
zrBEV872HiV5Iit0SaAUhT2o9tmhRANCAAR6XVwEn88TqsenGfhG/vOFSQk0pDre
h2XYSrVK90+HcKFbaEq/wt912K6oAO0O2Gb8wUd9/XCK6XfQKByk2sq8
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBqDCCAU6gAwIBAgIUdo8u66VPXu/wqEA/d3g9uquZPgswCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQdGlkZWdhdGUtcm90YXRlZDAgFw0yNjExMjcyMTQ5MDRaGA8y
MTI2MTEwMzIxNDkwNFowGzEZMBcGA1UEAwwQdGlkZWdhdGUtcm90YXRlZDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABHpdXASfzxOqx6cZ+Eb+84VJCTSkOt6HZdhK
tUr3T4dwoVtoSr/C33XYrqgA7Q7YZvzBR339cIrpd9AoHKTayryjbjBsMB0GA1Ud
DgQWBBT1KvsqsEPnItjNP/YT47eUOI9gYDAfBgNVHSMEGDAWgBT1KvsqsEPnItjN
P/YT47eUOI9gYDAZBgNVHREEEjAQhwR/AAABgghhcGkudGVzdDAPBgNVHRMBAf8E
BTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIGnSfCm8inHe0siqrS3pY+7GEI7rKBMp
29mg5jhPbrKNAiEAhCc6bqMb9KoLGMpAtPrvDYPVsRJnkifuDNBD9t4AE10=
-----END CERTIFICATE-----`,
};
export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIXMbB9eYv+IU9wij
0/9ZOxYQSZ0C74dtzygHQcUBon2hRANCAASU8JIaICM2tMcDckhSGTF4zKRON5wg
yeZ5bUW90gvXM6O5owXyGRQZ65q5nUfMZP/ZaSs2nJV5YLByV+Y1jOWN
-----END PRIVATE KEY-----`;
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBojCCAUigAwIBAgIUDi04Uj5n9L8YXtzan+I1aiOTnv4wCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNdGlkZWdhdGUtdGVzdDAgFw0yNjExMjYyMjUzNThaGA8yMTI2
MTEwMjIyNTM1OFowGDEWMBQGA1UEAwwNdGlkZWdhdGUtdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABJTwkhogIza0xwNySFIZMXjMpE43nCDJ5nltRb3SC9cz
o7mjBfIZFBnrmrmdR8xk/9lpKzaclXlgsHJX5jWM5Y2jbjBsMB0GA1UdDgQWBBQz
277HLSSVb4YbltAEeurth4ZifjAfBgNVHSMEGDAWgBQz277HLSSVb4YbltAEeurt
h4ZifjAPBgNVHRMBAf8EBTADAQH/MBkGA1UdEQQSMBCHBH8AAAGCCGFwaS50ZXN0
MAoGCCqGSM49BAMCA0gAMEUCIEt3MIHxjndoV7OOOuBOc4WEzpFHqOHHdNvWXOqs
/vXMAiEAlo00vA6/XB27j6a8nW5Zt5QgDRfaogEE9jGlTdrVJsA=
-----END CERTIFICATE-----`;
