import { describe, expect, it } from '@jest/globals';
import { handsOffFindings, type ServiceFacts } from '../../../cli/doctor/service-findings.ts';
import { exitCodes } from '../../../cli/io.ts';
import { run } from '../../../cli/program.ts';
import { facts } from '../../support/facts.ts';
import { textIo } from '../../support/text-io.ts';

const aws = 'aws-us-east-1';

const seen = (change: Parameters<typeof facts>[1]): ServiceFacts => ({
  ...{ namespace: 'shop', service: 'checkout', clusters: [facts(aws, change)], topology: {}, protocol: 'http' },
});

const frontend = {
  ...{ portName: 'http', port: 8080, targetPort: 8080, selector: { app: 'checkout' }, selectorBy: 'argocd' },
  ...{ global: false, affinity: '', sessionAffinity: false, ports: 1, appProtocol: '', pinned: 'v1' },
};

describe('commands that keep hands off', () => {
  it('ask for a reason, and a cluster is forgotten only by a person who says that its Envoys are down', async () => {
    const io = textIo();
    expect(await run(['pause', 'checkout'], io)).toBe(exitCodes.badInput);
    expect(io.err).toContain('--reason');
    expect(await run(['cluster', 'forget', 'onprem'], io)).toBe(exitCodes.badInput);
    expect(io.err).toContain('Envoys of onprem that still run would call versions that are taken away');
    expect(io.err).toContain('--yes');
  });
});

describe('doctor', () => {
  it('says what is paused, since when, by whom and why', () => {
    const pauses = [{ of: 'cluster', reason: 'an upgrade', by: 'ann', atMs: 1_000 }] as const;
    expect(handsOffFindings(seen({ frontend, pauses }), 'repair')).toEqual([
      {
        severity: 'warning',
        text: `${aws}: the cluster is paused since 1970-01-01T00:00:01Z by ann: an upgrade`,
        fix: `tidegate unpause --cluster ${aws}`,
      },
    ]);
  });

  it('warns of a frontend that the next audit puts back, and takes one that waits for a person for an error', () => {
    expect(handsOffFindings(seen({ frontend }), 'repair')).toEqual([]);
    const drifted = { frontend: { ...frontend, pinned: '' } };
    expect(handsOffFindings(seen(drifted), 'repair')).toMatchObject([{ severity: 'warning' }]);
    expect(handsOffFindings(seen(drifted), 'ask')).toMatchObject([{ severity: 'error' }]);
    const repairs = { pin: { by: 'argocd', atMs: [1, 2, 3] } };
    const [fought] = handsOffFindings(seen({ ...drifted, repairs }), 'repair');
    expect(fought).toMatchObject({ severity: 'error', fix: expect.stringContaining('ignoreDifferences') });
  });
});
