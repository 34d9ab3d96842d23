/** The front door's port to Temporal, against a real server: what is started, what is a duplicate, what is not accepted. */
import type { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventMemo,
  handleEventWorkflowId,
  type HandleEventInput,
  type HandleEventResult,
} from '../../../core/contract/events.ts';
import { connectFrontDoor, type FrontDoorTemporal } from '../../../platform/temporal/front-door.ts';
import { startTemporal, type TestTemporal } from '../../support/temporal.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const input: HandleEventInput = {
  event: { specversion: '1.0', id: 'a-1', source: '/ci', type: 't', extensions: { traceparent } },
  sender: 'ci',
  by: { name: 'ci', how: 'sender' },
  trigger: 'on-push',
  mesh: 'shop',
  namespace: 'shop',
  service: 'checkout',
};

describe('the front door and Temporal', () => {
  let temporal: TestTemporal;
  let door: FrontDoorTemporal;
  let client: Client;
  beforeAll(async () => {
    temporal = await startTemporal();
    client = temporal.env.client;
    door = connectFrontDoor({ env: { TEMPORAL_ADDRESS: temporal.address }, installation: 'default' });
  }, 120_000);
  afterAll(async () => {
    await door.close();
    await temporal.stop();
  });

  const of = (id: string): HandleEventInput => ({ ...input, event: { ...input.event, id } });
  const idOf = (id: string): string => handleEventWorkflowId('default', of(id));

  /** What a worker would do, by hand: the workflow ends with that result. */
  async function complete(result: HandleEventResult): Promise<void> {
    const connection = client.connection as Connection;
    const { workflowService } = connection;
    const queue = { namespace: 'default', taskQueue: { name: 'tidegate-control' }, identity: 'a test' };
    const { taskToken } = await connection.withDeadline(Date.now() + 20_000, () =>
      workflowService.pollWorkflowTaskQueue(queue),
    );
    const payload = {
      metadata: { encoding: new TextEncoder().encode('json/plain') },
      data: new TextEncoder().encode(JSON.stringify(result)),
    };
    await workflowService.respondWorkflowTaskCompleted({
      namespace: 'default',
      taskToken,
      commands: [{ commandType: 4, completeWorkflowExecutionCommandAttributes: { result: { payloads: [payload] } } }],
    });
  }

  it('an event is started once, whether its workflow runs or has ended well, and its trace is in the memo', async () => {
    expect(await door.startEvent(of('once'))).toEqual({ workflowId: idOf('once'), duplicate: false });
    expect(await door.startEvent(of('once'))).toEqual({ workflowId: idOf('once'), duplicate: true });
    const { memo, taskQueue, type } = await client.workflow.getHandle(idOf('once')).describe();
    expect(memo).toEqual({ event: eventMemo(of('once')), traceparent });
    expect([type, taskQueue]).toEqual(['handleEvent', 'tidegate-control']);
    expect(await door.resultOf(idOf('once'), 200)).toBeNull();
    const result = { outcome: 'ignored', reason: 'nothing newer', workflowId: '', runId: '' } as const;
    await complete(result);
    expect(await door.resultOf(idOf('once'), 5_000)).toEqual(result);
    expect(await door.startEvent(of('once'))).toEqual({ workflowId: idOf('once'), duplicate: true });
  }, 30_000);

  it('an event whose handling failed may be sent again', async () => {
    expect(await door.startEvent(of('failed'))).toEqual({ workflowId: idOf('failed'), duplicate: false });
    await client.workflow.getHandle(idOf('failed')).terminate('a test');
    expect(await door.resultOf(idOf('failed'), 5_000)).toMatchObject({ outcome: 'failed' });
    expect(await door.startEvent(of('failed'))).toEqual({ workflowId: idOf('failed'), duplicate: false });
  }, 30_000);

  it('what Temporal will never take is Invalid, so that nobody sends it for ever', async () => {
    const large = { ...input, event: { ...input.event, data: 'x'.repeat(3 * 1024 * 1024) } };
    await expect(door.startEvent(large)).rejects.toMatchObject({ code: 'Invalid' });
  }, 30_000);

  it('it is reachable; one that is not there is said to be, within a second or so, and accepts nothing', async () => {
    expect(await door.unreachable()).toBe('');
    const none = connectFrontDoor({ env: { TEMPORAL_ADDRESS: '127.0.0.1:1' }, installation: 'default' });
    try {
      expect(await none.unreachable()).toContain('does not answer');
      await expect(none.startEvent(input)).rejects.toMatchObject({ code: 'Unavailable' });
    } finally {
      await none.close();
    }
  }, 30_000);
});
