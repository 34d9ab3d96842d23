/** The pin of a wave: callers past Envoy get the new version in its clusters, too. */
import { pinnedIn } from '../../core/rollout/plan/pinned.ts';
import { activitiesOf, heardAs, refOf, start, waveOf, type Handlers, type RunContext } from './run-context.ts';

export const pinCommands = (context: RunContext): Handlers<'pin'> => ({
  pin: ({ seq, wave }) =>
    start(context, context.forward, seq, async () => {
      const { plan, run, epoch } = context;
      const clusters = pinnedIn(waveOf(context, wave));
      await context.takenBack;
      const summary = `callers past Envoy get ${plan.version}, too: ${clusters.join(', ')}`;
      const { by, pinnedAtMs } = await activitiesOf(context, 'movePins', summary).movePins({
        service: plan.service,
        clusters: clusters.map((cluster) => refOf(context, cluster)),
        version: plan.version,
        // The records are the run's, or its former self's: it takes none.
        ...{ epoch, run, turn: seq, replaces: null },
      });
      heardAs(context, by);
      // Before, nobody came to these pods past Envoy: what is counted from now on tells of them.
      for (const cluster of clusters) context.sinceMs[cluster] = pinnedAtMs;
      context.emit({ type: 'done', seq });
    }),
});
