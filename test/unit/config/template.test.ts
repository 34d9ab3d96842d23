import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../core/config/parse.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import { parseTemplate } from '../../../core/config/template.ts';
import { meshText, serviceText } from './documents.ts';

const template = (env: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: checkout }
spec:
  template:
    spec:
      containers:
        - name: checkout
          image: checkout:v1
          env: ${env}
`;

describe('parseTemplate', () => {
  it('refuses a secret in plain text, because the template becomes part of the rollout history', () => {
    const found = parseTemplate(
      'w.yaml',
      template('[{ name: DB_PASSWORD, value: hunter2 }, { name: API_KEY, value: x }]'),
    );
    expect(found).toMatchObject({ reason: 'w.yaml holds a secret in plain text: env DB_PASSWORD, API_KEY' });
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('takes references to secrets and ordinary variables', () => {
    const ref = '{ name: DB_PASSWORD, valueFrom: { secretKeyRef: { name: db, key: password } } }';
    expect(parseTemplate('w.yaml', template(`[${ref}, { name: LOG_LEVEL, value: info }]`))).toHaveProperty(
      'podTemplate',
    );
  });
});

describe('a variable that is named like a secret', () => {
  const secretsIn = (env: Record<string, string>, annotations = '{}'): string[] => {
    const entries = JSON.stringify(Object.entries(env).map(([name, value]) => ({ name, value })));
    const text = template(entries).replace('metadata: {', `metadata: { annotations: ${annotations},`);
    const found = parseTemplate('w.yaml', text);
    const named = 'reason' in found ? /env (.*)$/.exec(found.reason)?.[1] : '';
    return named === undefined || named === '' ? [] : named.split(', ');
  };

  it('is none by its value: numbers, booleans, settings, paths, addresses and references', () => {
    const plain = {
      MAX_TOKENS: '4096',
      TOKEN_TTL_SECONDS: '300',
      TOKEN_TTL: '15m',
      OAUTH_TOKEN_URL: 'https://id.example/token',
      SECRET_NAME: 'checkout-db',
      SECRET_ARN: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:checkout',
      USE_TOKEN: 'true',
      PASSWORD_FILE: '/run/secrets/db',
      DB_PASSWORD: '/run/secrets/db/password',
      SESSION_TOKEN: 'disabled',
      API_TOKEN: '$(TOKEN_OF_SECRET)',
      TOKEN_TYPE: 'Bearer',
      CREDENTIALS_PROVIDER: 'WorkloadIdentity',
      PASSWORD_HASH: 'argon2id',
      API_KEY_HEADER: 'X-Api-Key',
      DATABASE_URL: 'postgres://app:$(DB_PASSWORD)@db/shop',
      EMPTY_PASSWORD: '',
    };
    expect(secretsIn(plain)).toEqual([]);
  });

  it('is one when the name says that it holds it, or when the value is long and mixed', () => {
    const secret = {
      DB_PASSWORD: 'hunter2',
      ADMIN_PASSWORD: 'postgres',
      DB_PASSWORD_PROD: 'hunter2',
      PASSWORD2: 's3cr3t!',
      PIN_PASSWORD: '12345678901234',
      GITHUB_TOKEN: 'ghp_0123456789abcdefghijABCDEFGHIJ012345',
      TOKEN_OF_CI: 'ghp_0123456789abcdefghijABCDEFGHIJ012345',
      SECRET_ID: '2f1c7a3e-9b64-4c3d-8a55-0a1b2c3d4e5f',
      SECRET_SEED: 'Zk9wX2lqT3p4Q1h2Y0d1',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      STARTS_WITH_SLASH_TOKEN: '/9j4AAQSkZJRgABAQAAAQABAAD',
    };
    expect(secretsIn(secret)).toEqual(Object.keys(secret));
  });

  it('is one by its value alone when an address carries a password, or the value is a private key', () => {
    const values = {
      DATABASE_URL: 'postgres://app:hunter2@db/shop',
      SIGNER: '-----BEGIN EC PRIVATE KEY-----\nMHc',
    };
    expect(secretsIn(values)).toEqual(Object.keys(values));
  });

  it('passes when the annotation names it, and only it', () => {
    const env = { FEATURE_TOKEN: 'blue', OTHER_TOKEN: 'green', DB_PASSWORD: 'hunter2' };
    expect(secretsIn(env, '{ tidegate.dev/allow-plain-env: "FEATURE_TOKEN, OTHER_TOKEN" }')).toEqual(['DB_PASSWORD']);
  });

  it('has a remedy that says how to let it pass', () => {
    expect(parseTemplate('w.yaml', template('[{ name: FEATURE_TOKEN, value: blue }]'))).toMatchObject({
      hint: expect.stringContaining('tidegate.dev/allow-plain-env: FEATURE_TOKEN'),
    });
  });
});

describe('a number or boolean where Kubernetes wants text', () => {
  const typed = `apiVersion: apps/v1
kind: Deployment
metadata: { name: checkout, labels: { release: 1.10 } }
spec:
  replicas: 3
  selector: { matchLabels: { app: checkout } }
  template:
    metadata:
      labels: { app: checkout, release: 1.10 }
      annotations: { prometheus.io/scrape: true, prometheus.io/port: 9464 }
    spec:
      containers:
        - name: checkout
          image: checkout:v2
          args: [--port, 8080]
          ports: [{ containerPort: 8080 }]
          env:
            - { name: PORT, value: 8080 }
            - { name: DEBUG, value: false }
          resources: { requests: { cpu: 1, memory: 1.5Gi } }
`;
  const service = { path: 'shop.yaml', text: `${meshText}---\n${serviceText('  template: w.yaml\n')}` };

  it('is a problem of the template, with its line, and quoted as it is written: 1.10 is no 1.1', () => {
    const parsed = parseConfig([service], () => typed);
    expect(parsed.ok ? [] : parsed.problems.map(formatProblem)).toEqual([
      "w.yaml:3: metadata.labels.release: must be text, and 1.10 is a number in YAML (quote it: '1.10')",
      "w.yaml:9: spec.template.metadata.labels.release: must be text, and 1.10 is a number in YAML (quote it: '1.10')",
      `w.yaml:10: spec.template.metadata.annotations["prometheus.io/port"]: must be text, and 9464 is a number in YAML (quote it: '9464')`,
      `w.yaml:10: spec.template.metadata.annotations["prometheus.io/scrape"]: must be text, and true is a boolean in YAML (quote it: 'true')`,
      "w.yaml:15: spec.template.spec.containers[0].args[1]: must be text, and 8080 is a number in YAML (quote it: '8080')",
      "w.yaml:18: spec.template.spec.containers[0].env[0].value: must be text, and 8080 is a number in YAML (quote it: '8080')",
      "w.yaml:19: spec.template.spec.containers[0].env[1].value: must be text, and false is a boolean in YAML (quote it: 'false')",
    ]);
  });

  it('is fine where Kubernetes takes numbers, and as text', () => {
    const quoted = typed
      .replaceAll('1.10', "'1.10'")
      .replaceAll(/value: (8080|false)/g, "value: '$1'")
      .replace('true', "'true'")
      .replace('9464', "'9464'")
      .replace('[--port, 8080]', "[--port, '8080']");
    expect(parseConfig([service], () => quoted)).toMatchObject({ ok: true });
  });
});
