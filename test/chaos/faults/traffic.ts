/** What carries the traffic: Envoys and pods, of the new version, of the old one, of a whole cluster. */
import { aws, gcp, type Fault, type Scene } from '../scene.ts';

/** One of two Envoys of that cluster, as the seed has it. */
function someEnvoy({ random, stage }: Scene): string {
  const envoys = stage.lab.clusters.find(({ name }) => name === aws)?.envoys ?? [];
  return `envoy-${envoys[Math.floor(random() * envoys.length)]?.node ?? ''}`;
}

export const trafficFaults: readonly Fault[] = [
  {
    name: 'envoy-killed',
    what: 'an Envoy of aws gets SIGKILL, and is started again after 1 s',
    lastsMs: 1_000,
    inject: (scene) => scene.stage.lab.break('process', someEnvoy(scene), 'dead'),
  },
  {
    name: 'envoy-frozen',
    what: 'an Envoy of aws is stopped (SIGSTOP) for 3 s',
    lastsMs: 3_000,
    inject: (scene) => scene.stage.lab.break('process', someEnvoy(scene), 'hung'),
  },
  {
    name: 'canary-crashes',
    what: 'the pods of the new version end soon after they got ready',
    lastsMs: 'untilEnd',
    hitsCanary: true,
    ofRuns: true,
    inject: ({ stage, version }) => stage.lab.break('crash', 'basket', version),
  },
  {
    name: 'canary-hangs',
    what: 'the pods of the new version answer nobody',
    lastsMs: 'untilEnd',
    hitsCanary: true,
    ofRuns: true,
    inject: ({ stage, version }) => stage.lab.break('hang', 'basket', version),
  },
  {
    name: 'canary-errors',
    what: 'the new version answers every second request with 500',
    lastsMs: 'untilEnd',
    hitsCanary: true,
    ofRuns: true,
    inject: ({ stage, version }) => stage.lab.break('errors', 'basket', version, '--ratio', '0.5'),
  },
  {
    name: 'stable-crashes',
    what: 'the pods of the old version in aws end soon after they got ready, for 3 s',
    lastsMs: 3_000,
    wearsPods: true,
    inject: ({ stage, before }) => stage.lab.break('crash', 'basket', before, '--cluster', aws),
  },
  {
    name: 'cluster-lost',
    what: 'the pods of basket in gcp crash again and again, and its API server is dead, for 8 s',
    lastsMs: 8_000,
    wearsPods: true,
    inject: async ({ stage }) => {
      await stage.lab.break('crash', 'basket', '*', '--cluster', gcp);
      await stage.lab.break('api-server', gcp, 'dead');
    },
  },
];
