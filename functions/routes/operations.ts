/** What operators and their probes ask: /healthz, /readyz, /metrics. Nothing here says what config or Temporal hold. */
import type { Hono } from 'hono';
import { TidegateError } from '../../core/values/error.ts';
import type { AppEnv, FrontDoorDeps } from '../deps.ts';

export function addOperations(app: Hono<AppEnv>, deps: FrontDoorDeps): void {
  // The process answers: that is all. A restart mends neither config nor Temporal.
  app.get('/healthz', (context) => context.json({ ok: true }));
  app.get('/readyz', async (context) => {
    const [config, temporal] = await Promise.all([configState(deps), deps.temporal.unreachable()]);
    const isReady = config.isUsable && temporal === '';
    return context.json(
      { ready: isReady, config: config.text, temporal: temporal === '' ? 'reachable' : temporal },
      isReady ? 200 : 503,
    );
  });
  app.get('/metrics', (context) =>
    context.body(deps.metrics.text(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
}

interface ConfigState {
  readonly isUsable: boolean;
  readonly text: string;
}

async function configState({ config }: FrontDoorDeps): Promise<ConfigState> {
  try {
    const { fault } = await config();
    return { isUsable: true, text: fault === '' ? 'as the files say' : fault };
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return { isUsable: false, text: 'has faults, and there is no earlier copy: tidegate validate shows them' };
  }
}
