import { describe, expect, it } from '@jest/globals';
import { idSchemes, installationIn } from '../../../core/contract/installation.ts';
import { installationOn, queues, taskQueue } from '../../../core/contract/queues.ts';
import {
  auditWorkflowId,
  guardWorkflowId,
  nextWorkflowId,
  rolloutWorkflowId,
  settleRestoreWorkflowId,
  settleWorkflowId,
  turnWorkflowId,
} from '../../../core/contract/workflow-ids.ts';

const of = { mesh: 'shop', namespace: 'store', service: 'checkout', part: 'versions' } as const;

describe('ids of workflows', () => {
  const ids = (scheme: string | null): string[] => [
    rolloutWorkflowId(scheme, of),
    guardWorkflowId(scheme, { ...of, epoch: 7 }),
    guardWorkflowId(scheme, { ...of, epoch: 7, namesake: 1 }),
    settleWorkflowId(scheme, of),
    settleRestoreWorkflowId(scheme, of),
    settleRestoreWorkflowId(scheme, { ...of, part: 'topology' }),
    auditWorkflowId(scheme, 'shop'),
    auditWorkflowId(scheme, 'shop', 'by-hand-1'),
    nextWorkflowId(scheme, of),
    turnWorkflowId(scheme, of),
  ];

  it('carry the installation and no slash, so that installations do not meet and HTTP reaches them', () => {
    expect(ids('east')).toEqual([
      'rollout:east:shop:store:checkout:versions',
      'guard:east:shop:store:checkout:versions:7',
      'guard:east:shop:store:checkout:versions:7:2',
      'settle:east:shop:store:checkout',
      'settle:east:shop:store:checkout:restore',
      'settle:east:shop:store:checkout:restore-topology',
      'audit:east:shop',
      'audit:east:shop:by-hand-1',
      'next:east:shop:store:checkout:versions',
      'next:east:shop:store:checkout:versions:start',
    ]);
  });

  it('are those of 0.1.0 for runs that it began: their histories are replayed under them', () => {
    expect(ids(null)).toEqual([
      'rollout:shop/store/checkout/versions',
      'guard:shop/store/checkout/versions/7',
      'guard:shop/store/checkout/versions/7/2',
      'settle:shop/store/checkout',
      'settle:shop/store/checkout/restore',
      'settle:shop/store/checkout/restore-topology',
      'audit:shop',
      'audit:shop/by-hand-1',
      'next:shop/store/checkout/versions',
      'next:shop/store/checkout/versions/start',
    ]);
  });

  it('of before are a lock of the default installation alone', () => {
    expect(idSchemes('default')).toEqual(['default', null]);
    expect(idSchemes('east')).toEqual(['east']);
  });
});

describe('an installation', () => {
  it('is told by its control queue, whatever it is called', () => {
    for (const name of ['default', 'east', 'east-control', 'a-b'])
      expect(installationOn(taskQueue(name, 'control'))).toBe(name);
  });

  it('has queues of its own; the default one has those of 0.1.0, whose runs go on', () => {
    expect(queues.map((queue) => taskQueue('default', queue))).toContain('tidegate-restore');
    const two = ['default', 'east'].flatMap((name) => queues.map((queue) => taskQueue(name, queue)));
    expect(new Set(two).size).toBe(2 * queues.length);
  });

  it('comes from the environment, and a name that no mesh can have is refused', () => {
    expect(installationIn({})).toBe('default');
    expect(installationIn({ TIDEGATE_INSTALLATION: 'east' })).toBe('east');
    expect(() => installationIn({ TIDEGATE_INSTALLATION: 'East/1' })).toThrow(/TIDEGATE_INSTALLATION: "East\/1"/);
  });
});
