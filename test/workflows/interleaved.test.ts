/** Deploys and topology moves of one service, begun and ended in any order: no write of one is lost in the other. */
import { expect, it } from '@jest/globals';
import { weightsOf } from '../../core/routing/weights.ts';
import { sum, WHOLE, type Shares } from '../../core/values/share.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames } from '../support/facts.ts';
import { isFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import { proven, wanted } from '../support/shared-world.ts';
import { randomFrom } from '../support/simulated-bakes.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { onSharedStage, type TwoParts } from '../support/two-parts.ts';

const temporal = temporalOfFile();
const [aws, gcp] = clusterNames;
const rounds = isFull ? 50 : 3;
const seed = 7;

type Moved = 'versions' | 'topology';
const moved: readonly Moved[] = ['versions', 'topology'];

/** What shall be proven once all runs have ended. */
interface Expected {
  version: string;
  topology: Shares;
}

/** Of every cluster the share that the topology gives it, whatever its versions do. */
function expectProduct({ record }: TwoParts): void {
  const now = record();
  for (const cluster of [aws, gcp]) {
    const all = weightsOf(now, 'current').filter((one) => one.cluster === cluster);
    expect(sum(all.map(({ weight }) => weight))).toBe(now.topology.current?.[cluster]);
    for (const { version, weight } of all) {
      const share = (now.versions.current?.[cluster]?.[version] ?? 0) / WHOLE;
      expect(Math.abs(weight - share * (now.topology.current?.[cluster] ?? 0))).toBeLessThanOrEqual(1);
    }
  }
}

async function playRound(
  stage: TwoParts,
  { random, round, now }: { random: () => number; round: number; now: Expected },
) {
  const { ask, until, runs, world } = stage;
  const next: Expected = { version: `v${String(round + 2)}`, topology: now.topology === wanted ? proven : wanted };
  world.wanted = next.topology;
  const order = random() < 0.5 ? moved : moved.toReversed();
  for (const part of order) {
    await ask(
      part === 'topology'
        ? { kind: 'topology' }
        : { kind: 'deploy', version: next.version, image: `registry/checkout:${next.version}` },
    );
    if (random() < 0.5) await until(part, 'baking');
    expectProduct(stage);
  }
  const end = async (part: Moved): Promise<void> => {
    const how = random();
    if (how < 0.5) {
      await until(part, 'baking');
      await runs[part].executeUpdate('promote', { args: [{ reason: 'a test', full: true }] });
      expect(await runs[part].result()).toMatchObject({ outcome: 'promoted' });
      if (part === 'topology') now.topology = next.topology;
      else now.version = next.version;
      return;
    }
    if (how < 0.75) await runs[part].executeUpdate('abort', { args: [{ reason: 'a test' }] });
    else await runs[part].terminate('a test');
    await runs[part].result().catch(() => undefined);
  };
  const [first, second] = random() < 0.5 ? moved : moved.toReversed();
  if (random() < 0.5) await Promise.all(moved.map(end));
  else {
    await end(first ?? 'versions');
    expectProduct(stage);
    await end(second ?? 'topology');
  }
}

it(
  `end with the product of what is proven of each, ${String(rounds)} times at random`,
  async () => {
    await onSharedStage(temporal, {
      service: 'interleaved',
      body: async (stage) => {
        const random = randomFrom(seed);
        const now: Expected = { version: 'v1', topology: proven };
        for (let round = 0; round < rounds; round += 1) {
          await playRound(stage, { random, round, now });
          await assertEventually(() => {
            const { topology, versions } = stage.record();
            expect([stage.half(), topology.proven]).toEqual([[], now.topology]);
            expect(versions.proven?.[aws]).toEqual({ [now.version]: WHOLE });
          }, limits.phase);
          expectProduct(stage);
        }
      },
    });
  },
  limits.phase * rounds * 2,
);
