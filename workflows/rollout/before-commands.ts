/** The Jobs before the first share of a wave, in each of its serving clusters. */
import { namesText } from '../../core/values/names-text.ts';
import { writeEach } from './many-clusters.ts';
import { beforeInput } from './planned-writes.ts';
import { start, waveOf, type Handlers, type RunContext } from './run-context.ts';

export const beforeCommands = (context: RunContext): Handlers<'before'> => ({
  before: ({ seq, wave }) =>
    start(context, context.forward, seq, async () => {
      const { plan } = context;
      const { serving, atOnce } = waveOf(context, wave);
      const inputs = serving.map((cluster) => beforeInput(plan, cluster));
      const summary = `${namesText((plan.before ?? []).map(({ name }) => name))} before its first share`;
      await writeEach(context, { write: 'runBefore', inputs, atOnce, summary });
      context.emit({ type: 'done', seq });
    }),
});
