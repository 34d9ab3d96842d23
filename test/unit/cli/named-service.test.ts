import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { identityOfNamed } from '../../../cli/rollouts/named-service.ts';
import { textIo } from '../../support/text-io.ts';

const document = (name: string, namespace: string, more = ''): string =>
  `apiVersion: tidegate.dev/v1alpha1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {mesh: shop${more}}\n`;

describe('the service that a command names', () => {
  let directory = '';
  const of = (service: string, more = {}) =>
    identityOfNamed({ service, ...more }, textIo({ TIDEGATE_CONFIG: directory }));

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tidegate-named-'));
    writeFileSync(join(directory, 'broken.yaml'), 'kind: Service\n  metadata: {');
    writeFileSync(
      join(directory, 'odd.yaml'),
      `kind: Service\n---\n- 1\n---\n${document('basket', 'shop', ', nonsense: 1')}`,
    );
    writeFileSync(join(directory, 'twice.yaml'), `${document('checkout', 'a')}---\n${document('checkout', 'b')}`);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('is found in a config with faults elsewhere: an abort must not wait for their repair', async () => {
    expect(await of('basket')).toEqual({ mesh: 'shop', namespace: 'shop', service: 'basket' });
  });

  it('is the one of the namespace that was given, when two have such a service', async () => {
    expect(await of('checkout', { namespace: 'b' })).toEqual({ mesh: 'shop', namespace: 'b', service: 'checkout' });
  });

  it('is not guessed: of two, and of none, the loader says what it saw', async () => {
    await expect(of('checkout')).rejects.toThrow(/the config has|several services/);
    await expect(of('nobody')).rejects.toThrow(/the config has|no Service document/);
  });
});
