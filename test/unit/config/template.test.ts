import { describe, expect, it } from '@jest/globals';
import { parseTemplate } from '../../../core/config/template.ts';

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
