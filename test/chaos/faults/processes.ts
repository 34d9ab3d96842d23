/** Tidegate's own processes and Temporal: killed, frozen, away. */
import type { Fault, Scene } from '../scene.ts';

const breaking =
  (name: string, state: 'dead' | 'hung') =>
  ({ stage }: Scene): Promise<void> =>
    stage.lab.break('process', name, state);
const killWorker = ({ stage }: Scene): Promise<void> => stage.lab.worker.kill();

export const processFaults: readonly Fault[] = [
  {
    name: 'worker-killed',
    what: 'the worker gets SIGKILL and is started again at once',
    lastsMs: 0,
    inject: killWorker,
  },
  { name: 'worker-away', what: 'no worker for 30 s', lastsMs: 30_000, inject: killWorker },
  {
    name: 'worker-frozen',
    what: 'the worker is stopped (SIGSTOP) for 15 s',
    lastsMs: 15_000,
    inject: breaking('worker', 'hung'),
  },
  {
    name: 'temporal-killed',
    what: 'Temporal gets SIGKILL, and is started again on its data after 3 s',
    lastsMs: 3_000,
    inject: breaking('temporal', 'dead'),
  },
  {
    name: 'temporal-frozen',
    what: 'Temporal is stopped (SIGSTOP) for 20 s',
    lastsMs: 20_000,
    inject: breaking('temporal', 'hung'),
  },
];
