import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../core/config/parse.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import { meshText } from './documents.ts';

const parse = (spec: string) =>
  parseConfig([
    { path: 'mesh.yaml', text: meshText },
    {
      path: 'sender.yaml',
      text: `apiVersion: tidegate.dev/v1alpha1\nkind: Sender\nmetadata: { name: hub }\nspec: ${spec}\n`,
    },
  ]);

const problemsOf = (spec: string): string[] => {
  const parsed = parse(spec);
  return parsed.ok ? [] : parsed.problems.map((problem) => formatProblem(problem).slice('sender.yaml:4: '.length));
};

const oidc = (claims: string, issuer = 'https://accounts.google.com') =>
  `oidc: { issuer: "${issuer}", audience: tidegate, claims: "${claims}" }`;

describe('a Sender document', () => {
  it('is taken with what its make shows, and has a rate', () => {
    const parsed = parse('{ type: github, secrets: [{ env: A }, { file: /run/b }] }');
    expect(parsed.ok ? parsed.config.events.senders : []).toEqual([
      {
        name: 'hub',
        type: 'github',
        secrets: [{ env: 'A' }, { file: '/run/b' }],
        allowUnauthenticated: false,
        perMinute: 600,
        burst: 100,
        allowedOrigins: [],
      },
    ]);
    expect(problemsOf('{ type: docker-hub, allowUnauthenticated: true }')).toEqual([]);
    expect(problemsOf('{ type: aws-ecr, trust: lambda }')).toEqual([]);
    expect(problemsOf('{ type: cloudevents, trust: lambda }')).toEqual([]);
    expect(problemsOf(`{ type: oidc, ${oidc("claims.repository == 'acme/checkout'")} }`)).toEqual([]);
    expect(problemsOf('{ type: zot, secrets: [{ env: A }], registry: registry.example.com }')).toEqual([]);
  });

  it.each([
    [
      '{ type: github }',
      'spec.secrets: is missing: anybody could send (name the secret that it signs with: secrets: [{ env: WEBHOOK_SECRET }])',
    ],
    ['{ type: oidc }', 'spec.oidc: is missing: anybody could send (write oidc: { issuer, audience, claims })'],
    [
      '{ type: github, secrets: [{ env: A }], allowUnauthenticated: true }',
      'spec.allowUnauthenticated: lets everybody in, whatever else is written (leave it out, or the rest)',
    ],
    [
      '{ type: slack, allowUnauthenticated: true }',
      'spec.allowUnauthenticated: slack says who acts, and anybody could (name the secret that it signs with: secrets: [{ env: WEBHOOK_SECRET }])',
    ],
    [
      `{ type: google-artifact-registry, ${oidc('true')} }`,
      "spec.oidc.claims: does not say whose token it must be (name the service account of the push subscription: claims.email == 'push@project.iam.gserviceaccount.com')",
    ],
    [
      `{ type: oidc, ${oidc('true', 'http://issuer.example.com')} }`,
      'spec.oidc.issuer: is no https URL of an issuer (write it as the tokens do in iss: https://token.actions.githubusercontent.com)',
    ],
    [
      '{ type: zot, secrets: [{ env: A }] }',
      'spec.registry: is missing: zot names no host (for example registry: registry.example.com)',
    ],
    [
      '{ type: github, secrets: [{ env: A }], header: X-A }',
      'spec.header: github has headers of its own (leave it out)',
    ],
    [
      '{ type: quay, secrets: [{ env: A }], trust: lambda }',
      'spec.trust: AWS hands no events of quay to a function (leave it out)',
    ],
    ['{ type: githup, secrets: [{ env: A }] }', expect.stringContaining('did you mean github?')],
  ])('%s names the remedy', (spec, expected) => {
    expect(problemsOf(spec)).toEqual([expected]);
  });

  it('says where an expression over claims is wrong', () => {
    expect(problemsOf(`{ type: oidc, ${oidc('claims.')} }`)).toEqual([expect.stringContaining('is no CEL')]);
  });
});
