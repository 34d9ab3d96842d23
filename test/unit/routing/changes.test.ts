import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  assertEpoch,
  mentions,
  restored,
  serves,
  withoutVersion,
  withShares,
  type Writer,
} from '../../../core/routing/changes.ts';
import { committed } from '../../../core/routing/committed.ts';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import type { RoutingRecord, VersionShares } from '../../../core/routing/record.ts';
import { mainVersion, sameTraffic, subsetsOf, weightsOf } from '../../../core/routing/weights.ts';
import { canonicalJson } from '../../../core/values/canonical.ts';
import { apportion, distinct, positiveShares, type Shares, WHOLE } from '../../../core/values/share.ts';
import {
  arbitraryVersions,
  canary,
  codeOf,
  frozen,
  initial,
  inputOf,
  ownerOf,
  recordOf,
  refusalOf,
} from './records.ts';

const clusters = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1', '7'];
const versions = ['v1', 'v2', '2026.11.23-1', '3', 'V2'];

const clusterNames = fc.subarray([...clusters, 'azure-westeurope']);
const version = fc.constantFrom(...versions, 'v9');

/** The same versions, some of them at 0 (warm or draining), unless that leaves no traffic. */
const drained = (shares: Shares, idle: readonly string[]): Shares => {
  const left = Object.entries(shares).map(([name, share]): [string, number] => [name, idle.includes(name) ? 0 : share]);
  return left.some(([, share]) => share > 0) ? apportion(Object.fromEntries(left), WHOLE) : shares;
};

/** Some serving clusters, maybe none. */
const someVersions: fc.Arbitrary<VersionShares> = fc
  .tuple(arbitraryVersions, fc.subarray(clusters), fc.subarray(versions))
  .map(([all, picked, idle]) => Object.fromEntries(picked.map((name) => [name, drained(all[name] ?? {}, idle)])));

const versionsOrNull = fc.option(someVersions, { nil: null, freq: 4 });
const writer: fc.Arbitrary<Writer> = fc.record({ epoch: fc.nat(4), run: fc.constantFrom('run-1', 'run-2') });

const topology = apportion(Object.fromEntries(clusters.map((name) => [name, 1])), WHOLE);

/** Any record in normal form: the serving clusters of its two halves need not be the same. */
const anyRecord: fc.Arbitrary<RoutingRecord> = fc
  .record({
    current: versionsOrNull,
    proven: versionsOrNull,
    previous: fc.dictionary(fc.constantFrom(...clusters), fc.constantFrom(...versions)),
    by: writer,
  })
  .map(({ by, ...versionsPart }) =>
    frozen({
      ...canary,
      topology: { ...canary.topology, proven: topology, current: topology },
      versions: { ...versionsPart, ...by },
    }),
  );

const partOf = (part: VersionShares | null, names: readonly string[]): VersionShares =>
  Object.fromEntries(Object.entries(part ?? {}).filter(([name]) => names.includes(name)));

const without = (part: VersionShares | null, names: readonly string[]): VersionShares =>
  Object.fromEntries(Object.entries(part ?? {}).filter(([name]) => !names.includes(name)));

/** The versions that the record names in the serving cluster, with or without a share. */
const namesIn = ({ versions: { current, proven } }: RoutingRecord, serving: string): string[] =>
  distinct([...Object.keys(current?.[serving] ?? {}), ...Object.keys(proven?.[serving] ?? {})]);

/** What a change of versions must leave alone. */
const restOf = ({ versions: _, ...rest }: RoutingRecord): unknown => rest;

const parsedAgain = (record: RoutingRecord): RoutingRecord => parseRecord(canonicalJson(record), 'aws/shop/x');

/** Every change that takes an epoch, as one function of record and writer. */
const writing = fc
  .oneof(
    fc.record({ change: fc.constant('withShares' as const), shares: someVersions, adopts: fc.boolean() }),
    fc.record({ change: fc.constantFrom('restored' as const, 'committed' as const), serving: clusterNames }),
  )
  .map(frozen);

type Writing = typeof writing extends fc.Arbitrary<infer T> ? T : never;

const written = (record: RoutingRecord, by: Writer, step: Writing): RoutingRecord => {
  if (step.change === 'withShares') return withShares(record, inputOf(step.shares, by, step.adopts ? { initial } : {}));
  const input = frozen({ serving: step.serving, ...by });
  return step.change === 'restored' ? restored(record, input) : committed(record, input);
};

describe('assertEpoch', () => {
  it('takes a higher epoch of any run, and the same epoch of the same run only: two runs never share one', () => {
    fc.assert(
      fc.property(anyRecord, writer, (record, by) => {
        const { epoch, run } = record.versions;
        const mayWrite = by.epoch > epoch || (by.epoch === epoch && by.run === run);
        expect(codeOf(() => assertEpoch(record, 'versions', frozen(by)))).toBe(mayWrite ? 'accepted' : 'FencedOut');
      }),
    );
  });

  it('names the object, both runs and both epochs, so that the reader finds the run to follow', () => {
    expect(() => assertEpoch(canary, 'versions', { epoch: 1, run: 'run-0' })).toThrow(
      'aws-us-east-1/shop/CiliumEnvoyConfig/tidegate-checkout: ' +
        'the versions belong to run run-1 (epoch 2), not to run run-0 (epoch 1)',
    );
  });
});

describe('every change that takes an epoch', () => {
  it('is refused to a run that was overtaken, whatever it would write, and leaves the record as it was', () => {
    fc.assert(
      fc.property(anyRecord, writer, writing, (record, by, step) => {
        const before = canonicalJson(record);
        const fence = codeOf(() => assertEpoch(record, 'versions', by));
        expect(codeOf(() => written(record, by, step))).toBe(fence);
        expect(canonicalJson(record)).toBe(before);
      }),
    );
  });

  it('leaves its writer in the record, so that the run it overtook can write nothing more', () => {
    fc.assert(
      fc.property(anyRecord, fc.constantFrom('run-3', 'run-4'), writing, writing, (record, run, step, late) => {
        const overtaken = ownerOf(record);
        const by = { epoch: overtaken.epoch + 1, run };
        const after = frozen(written(record, by, step));
        expect(after.versions).toMatchObject(by);
        expect(codeOf(() => written(after, overtaken, late))).toBe('FencedOut');
        expect(codeOf(() => written(after, by, late))).toBe('accepted');
      }),
    );
  });

  it('is the same done twice: a retry moves nothing more, and does not forget what undo goes back to', () => {
    fc.assert(
      fc.property(anyRecord, writing, (record, step) => {
        const once = frozen(written(record, ownerOf(record), step));
        expect(written(once, ownerOf(record), step)).toEqual(once);
      }),
    );
  });

  it('gives a record that can be read again, or else the next run would find it broken', () => {
    fc.assert(
      fc.property(anyRecord, writing, (record, step) => {
        expect(parsedAgain(record)).toEqual(record);
        const after = written(record, ownerOf(record), step);
        expect(parsedAgain(after)).toEqual(after);
      }),
    );
  });
});

describe('withShares', () => {
  it('sends the traffic of the entries to their serving clusters, and touches nothing else', () => {
    fc.assert(
      fc.property(anyRecord, someVersions, (record, shares) => {
        const after = withShares(record, inputOf(shares, ownerOf(record)));
        const touched = Object.keys(shares);
        expect(sameTraffic(partOf(after.versions.current, touched), shares)).toBe(true);
        expect(without(after.versions.current, touched)).toEqual(without(record.versions.current, touched));
        const { proven, previous } = record.versions;
        expect([after.versions.proven, after.versions.previous]).toEqual([proven, previous]);
        expect(restOf(after)).toEqual(restOf(record));
      }),
    );
  });

  it('keeps a version that an entry leaves out at 0: it may be draining, and only a retirement takes it out', () => {
    fc.assert(
      fc.property(anyRecord, someVersions, (record, shares) => {
        const { current } = withShares(record, inputOf(shares, ownerOf(record))).versions;
        for (const [serving, entry] of Object.entries(shares)) {
          const left = namesIn(record, serving).map((name): [string, number] => [name, 0]);
          expect(current?.[serving]).toEqual({ ...Object.fromEntries(left), ...entry });
        }
      }),
    );
  });

  it('refuses a record that is not there and says how to get one: only an adoption knows the rest of it', () => {
    fc.assert(
      fc.property(someVersions, writer, (shares, by) => {
        const refusal = refusalOf(() => withShares(null, inputOf(shares, by)));
        expect(refusal).toMatch(
          /^Invalid: aws-us-east-1\/shop\/checkout has no routing record: .*tidegate adopt checkout\)$/,
        );
      }),
    );
  });

  it('makes a record at adoption: topology and policy are proven at once, the versions only after a commit', () => {
    fc.assert(
      fc.property(someVersions, writer, (shares, by) => {
        const made = withShares(null, inputOf(shares, by, { initial }));
        expect(made).toEqual({
          ...recordOf({ topology: initial.topology, current: shares, proven: null }),
          frontend: initial.frontend,
          topology: { proven: initial.topology, current: initial.topology, ...by },
          policy: { proven: initial.policy, current: initial.policy, ...by },
          versions: { proven: null, current: shares, ...by, previous: {} },
        });
        expect(parsedAgain(made)).toEqual(made);
      }),
    );
  });

  it('reads the rest from the input only when the record is of nothing: an adopted service keeps what it has', () => {
    fc.assert(
      fc.property(anyRecord, someVersions, (record, shares) => {
        const by = ownerOf(record);
        const input = inputOf(shares, by, { initial });
        const isOfNothing = record.versions.proven === null && record.versions.current === null;
        const found = isOfNothing ? null : record;
        expect(withShares(record, input)).toEqual(withShares(found, found === null ? input : inputOf(shares, by)));
      }),
    );
  });
});

describe('restored', () => {
  it('undoes any shares: the serving clusters that have something proven send exactly that again', () => {
    fc.assert(
      fc.property(anyRecord, someVersions, (record, shares) => {
        const by = ownerOf(record);
        const { proven } = record.versions;
        const serving = Object.keys(shares).filter((name) => proven?.[name] !== undefined);
        fc.pre(serving.length > 0);
        const moved = frozen(withShares(record, inputOf(shares, by)));
        const { current } = restored(moved, frozen({ serving, ...by })).versions;
        expect(sameTraffic(partOf(current, serving), partOf(proven, serving))).toBe(true);
      }),
    );
  });

  it('gives back the proven weight of every live subset when all serving clusters are meant', () => {
    fc.assert(
      fc.property(anyRecord, someVersions, (found, shares) => {
        const names = Object.keys(found.versions.proven ?? {});
        fc.pre(names.length > 0);
        const topology = apportion(Object.fromEntries(names.map((name) => [name, 1])), WHOLE);
        const record = frozen({ ...found, topology: { ...found.topology, proven: topology, current: topology } });
        const by = ownerOf(record);
        const moved = frozen(withShares(record, inputOf(shares, by)));
        const back = restored(moved, { serving: [], ...by });
        expect(weightsOf(back, 'current')).toEqual(weightsOf(moved, 'proven'));
      }),
    );
  });

  it('names no fewer versions than before: what was only in current stays at 0, so its requests end in peace', () => {
    fc.assert(
      fc.property(anyRecord, clusterNames, (record, serving) => {
        const { proven, current } = record.versions;
        fc.pre(proven !== null);
        const after = restored(record, frozen({ serving, ...ownerOf(record) }));
        const meant = serving.length === 0 ? Object.keys(proven) : serving.filter((name) => name in proven);
        for (const name of meant) {
          expect(distinct(Object.keys(after.versions.current?.[name] ?? {}))).toEqual(namesIn(record, name));
          const entering = Object.keys(current?.[name] ?? {}).filter((one) => !(one in (proven[name] ?? {})));
          for (const one of entering) expect(after.versions.current?.[name]?.[one]).toBe(0);
        }
        expect(subsetsOf(after)).toEqual(subsetsOf(record));
      }),
    );
  });

  it('leaves the rest, the serving clusters it was not given, and those without anything proven to go back to', () => {
    fc.assert(
      fc.property(anyRecord, clusterNames, (record, serving) => {
        const after = restored(record, frozen({ serving, ...ownerOf(record) }));
        const { proven, current, previous } = record.versions;
        expect(restOf(after)).toEqual(restOf(record));
        expect([after.versions.proven, after.versions.previous]).toEqual([proven, previous]);
        fc.pre(proven !== null);
        const meant = Object.keys(proven).filter((name) => serving.length === 0 || serving.includes(name));
        expect(without(after.versions.current, meant)).toEqual(without(current, meant));
      }),
    );
  });

  it('takes Envoy out altogether when nothing is proven: there is no half way back', () => {
    fc.assert(
      fc.property(anyRecord, clusterNames, (found, serving) => {
        const record = frozen({ ...found, versions: { ...found.versions, proven: null } });
        const after = restored(record, frozen({ serving, ...ownerOf(record) }));
        expect(after).toEqual({ ...record, versions: { ...record.versions, current: null, closed: true } });
        expect(weightsOf(after, 'current')).toEqual([]);
      }),
    );
  });
});

describe('committed', () => {
  it('proves what has a share now in the serving clusters given, and nothing elsewhere', () => {
    fc.assert(
      fc.property(anyRecord, clusterNames, (record, serving) => {
        const { proven, current } = record.versions;
        const after = committed(record, frozen({ serving, ...ownerOf(record) }));
        const expected: Record<string, Shares> = { ...proven };
        for (const [name, shares] of Object.entries(partOf(current, serving))) expected[name] = positiveShares(shares);
        expect(after.versions.proven).toEqual(Object.keys(expected).length === 0 ? null : expected);
        expect(after.versions.current).toEqual(current);
        expect(restOf(after)).toEqual(restOf(record));
      }),
    );
  });

  it('is what a restore goes back to from then on', () => {
    fc.assert(
      fc.property(anyRecord, someVersions, (record, shares) => {
        fc.pre(Object.keys(shares).length > 0);
        const input = frozen({ serving: Object.keys(shares), ...ownerOf(record) });
        const after = frozen(committed(withShares(record, inputOf(shares, input)), input));
        expect(sameTraffic(partOf(restored(after, input).versions.current, input.serving), shares)).toBe(true);
      }),
    );
  });

  it('remembers the earlier main version where the traffic differs, and only there: undo goes back to it', () => {
    fc.assert(
      fc.property(anyRecord, clusterNames, (record, serving) => {
        const { proven, current, previous } = record.versions;
        const after = committed(record, frozen({ serving, ...ownerOf(record) })).versions.previous;
        for (const name of [...clusters, ...serving]) {
          const old = proven?.[name];
          const next = current?.[name];
          const isChanged =
            serving.includes(name) &&
            old !== undefined &&
            next !== undefined &&
            !sameTraffic({ [name]: old }, { [name]: next });
          expect(after[name]).toBe(isChanged ? mainVersion(old) : previous[name]);
        }
      }),
    );
  });
});

describe('withoutVersion', () => {
  it('takes the version out of current, proven and previous, and nothing else', () => {
    fc.assert(
      fc.property(anyRecord, version, (record, gone) => {
        const others = <T>(entries: Readonly<Record<string, T>>): Record<string, T> =>
          Object.fromEntries(Object.entries(entries).filter(([name]) => name !== gone));
        const expected = (part: VersionShares | null): VersionShares | null =>
          part && Object.fromEntries(Object.entries(part).map(([serving, shares]) => [serving, others(shares)]));
        const { proven, current, previous } = record.versions;
        const after = withoutVersion(record, gone);
        expect([after.versions.current, after.versions.proven]).toEqual([expected(current), expected(proven)]);
        const kept = Object.entries(previous).filter(([, name]) => name !== gone);
        expect(after.versions.previous).toEqual(Object.fromEntries(kept));
        expect(restOf(after)).toEqual(restOf(record));
      }),
    );
  });

  it('keeps epoch and run: a retirement must not fence out a running rollout', () => {
    fc.assert(
      fc.property(anyRecord, version, writer, (record, gone, by) => {
        const after = withoutVersion(record, gone);
        expect(ownerOf(after)).toEqual(ownerOf(record));
        expect(codeOf(() => assertEpoch(after, 'versions', by))).toBe(
          codeOf(() => assertEpoch(record, 'versions', by)),
        );
      }),
    );
  });

  it('moves no traffic and leaves a readable record when the record does not serve the version', () => {
    fc.assert(
      fc.property(anyRecord, version, (record, gone) => {
        fc.pre(!serves(record, gone));
        const after = withoutVersion(record, gone);
        expect(parsedAgain(after)).toEqual(after);
        expect(sameTraffic(after.versions.current, record.versions.current)).toBe(true);
        expect(sameTraffic(after.versions.proven, record.versions.proven)).toBe(true);
      }),
    );
  });
});

describe('serves and mentions', () => {
  it('say what a retirement would take out: a share, and an entry at all', () => {
    fc.assert(
      fc.property(anyRecord, version, (record, gone) => {
        const after = frozen(withoutVersion(record, gone));
        const isSame = (same: (a: VersionShares | null, b: VersionShares | null) => boolean): boolean =>
          same(after.versions.current, record.versions.current) && same(after.versions.proven, record.versions.proven);
        expect(serves(record, gone)).toBe(!isSame(sameTraffic));
        expect(mentions(record, gone)).toBe(!isSame((a, b) => canonicalJson(a) === canonicalJson(b)));
        expect([serves(after, gone), mentions(after, gone)]).toEqual([false, false]);
      }),
    );
  });
});

describe('any run of changes', () => {
  const steps = fc.array(fc.oneof({ arbitrary: writing, weight: 3 }, fc.record({ retired: version })), {
    maxLength: 12,
  });

  it('knows in current all that is proven or previous: no commit ends a draining subset, and undo has a target', () => {
    fc.assert(
      fc.property(someVersions, steps, (adopted, changes) => {
        const by = { epoch: 1, run: 'run-1' };
        let record = frozen(withShares(null, inputOf(adopted, by, { initial })));
        for (const step of changes) {
          if (!('retired' in step)) record = frozen(written(record, by, step));
          else if (!serves(record, step.retired)) record = frozen(withoutVersion(record, step.retired));
          expect(parsedAgain(record)).toEqual(record);
          const { proven, current, previous } = record.versions;
          const after = committed(record, { serving: clusters, ...by });
          for (const name of clusters) {
            const known = Object.keys(current?.[name] ?? {});
            expect(known).toEqual(expect.arrayContaining(Object.keys(proven?.[name] ?? {})));
            expect([undefined, ...known]).toContain(previous[name]);
            expect(namesIn(after, name)).toEqual(namesIn(record, name));
          }
        }
      }),
    );
  });
});
