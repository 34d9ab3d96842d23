/** While the fault lasts: it is injected, held and lifted, and where the run stood at both moments is written down. */
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { letGo } from './phases.ts';
import type { Fault, Phase, Scene } from './scene.ts';

/** Where a run stands at a moment. */
type Standing = Pick<RolloutStatus, 'phase' | 'wave' | 'step'>;

export interface Held {
  /** null: there was no run, or it could not say. */
  readonly injectedAt: Standing | null;
  /** null, too, where the fault lasts until the end. */
  readonly liftedAt: Standing | null;
}

/** What the run waits for is given while the fault lasts; a fault that lasts until the end is for the run to judge. */
export async function underFault(scene: Scene, { fault, phase }: { fault: Fault; phase?: Phase }): Promise<Held> {
  const injectedAt = await standing(scene);
  await fault.inject(scene);
  await phase?.during?.(scene);
  if (fault.lastsMs === 'untilEnd') {
    if (phase?.holds === true) await letGo(scene);
    return { injectedAt, liftedAt: null };
  }
  const released = phase?.release?.(scene);
  // It is waited for below: until then nobody may take its failure for one that nobody handles.
  released?.catch(() => undefined);
  await scene.stage.rig.io.sleep(fault.lastsMs);
  await heal(scene);
  const [liftedAt] = await Promise.all([standing(scene), released]);
  return { injectedAt, liftedAt };
}

export async function heal({ stage, gateways }: Scene): Promise<void> {
  gateways?.heal();
  await stage.lab.break('heal');
  await stage.rig.startWorker();
}

async function standing({ run, stage }: Scene): Promise<Standing | null> {
  if (run === undefined) return null;
  try {
    const { phase, wave, step } = await stage.basket.status();
    return { phase, wave, step };
  } catch {
    return null;
  }
}
