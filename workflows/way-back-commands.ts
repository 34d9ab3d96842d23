/** The way back: never cancelled, retried without limit, past a failing cluster. */
import { CancellationScope } from '@temporalio/workflow';
import {
  activitiesOf,
  forEach,
  refOf,
  remember,
  start,
  verify,
  writerOf,
  type Handlers,
  type RunContext,
} from './run-context.ts';

export const wayBackCommands = (context: RunContext): Handlers<'restore' | 'proveRestore'> => ({
  restore: ({ seq, clients, serving }) => {
    context.forward.cancel();
    context.forward = new CancellationScope();
    context.epoch += 1;
    const { plan } = context;
    const writers = Object.fromEntries(clients.map((cluster) => [cluster, writerOf(context, cluster, seq)]));
    start(context, new CancellationScope({ cancellable: false }), seq, async () => {
      await forEach(clients, async (cluster) => {
        const by = writers[cluster] ?? writerOf(context, cluster, seq);
        const input = { service: plan.service, cluster: refOf(context, cluster), ...by, serving };
        const back = await activitiesOf(context, 'restore', `${cluster}: back to the proven weights`).restore(input);
        remember(context, cluster, back);
        context.emit({ type: 'restoredOne', seq, cluster });
      });
      context.emit({ type: 'done', seq });
    });
  },
  proveRestore: ({ seq }) =>
    start(context, new CancellationScope({ cancellable: false }), seq, async () => {
      const summary = 'prove by the traffic that it is back';
      const proof = await verify(context, [...context.written.keys()], { mode: 'restored', summary });
      context.emit({ type: 'proved', seq, proof });
    }),
});
