import { describe, expect, it } from '@jest/globals';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { askedOf } from '../../../cli/rollouts/asked.ts';
import type { SettleStatus } from '../../../core/contract/messages.ts';
import { settleWorkflowId } from '../../../core/contract/workflow-ids.ts';

const of = { installation: 'east', mesh: 'shop', namespace: 'shop', service: 'checkout' };

const needs: SettleStatus['needs'] = [
  { kind: 'person', cluster: 'aws', reason: 'aws: the frontend is pinned to no version by helm' },
  { kind: 'keep', cluster: 'aws', version: 'v1', dueMs: 5, reason: 'aws: v1 stays ready for its warm time' },
];

/** A client that knows one settler: running, closed, or none at all. */
const clientWith = (status: string | null, query: () => Promise<unknown>): Client => {
  const getHandle = (id: string): unknown => ({
    describe: () =>
      status === null || id !== settleWorkflowId('east', of)
        ? Promise.reject(new WorkflowNotFoundError('none', id, undefined))
        : Promise.resolve({ status: { name: status } }),
    query,
  });
  return { workflow: { getHandle } } as unknown as Client;
};

describe('what a person is asked about a service', () => {
  it('is what its settler waits for a person with, and nothing that it does by itself', async () => {
    const asked = await askedOf(
      clientWith('RUNNING', () => Promise.resolve({ needs })),
      of,
    );
    expect(asked).toEqual(['aws: the frontend is pinned to no version by helm']);
  });

  it('is nothing where a run has stopped the settler, or none has ever looked', async () => {
    const unasked = () => Promise.reject(new Error('nobody asks a settler that has ended'));
    for (const status of ['CANCELLED', 'COMPLETED', null])
      expect(await askedOf(clientWith(status, unasked), of)).toEqual([]);
  });

  it('is not known while the settler does not answer, and that is said: the status of the rollout is shown all the same', async () => {
    const asked = await askedOf(
      clientWith('RUNNING', () => Promise.reject(new Error('no worker polls'))),
      of,
    );
    expect(asked.join()).toContain('does not answer (no worker polls)');
  });
});
