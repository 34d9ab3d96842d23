/** The header route of a record: who opens it, where it leads, and that every end closes it. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { restored, withoutVersion, withShares, type ApplyRoutingInput } from '../../../core/routing/changes.ts';
import { committed } from '../../../core/routing/committed.ts';
import { weightsTo } from '../../../core/routing/header-route.ts';
import { halfMovedParts } from '../../../core/routing/part.ts';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { weightsOf } from '../../../core/routing/weights.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { arbitraryRecord, recordOf } from './records.ts';

const [aws, gcp] = ['aws-us-east-1', 'gcp-europe-west1'] as const;
const topology = { [aws]: 700_000, [gcp]: 300_000 };
const proven = { [aws]: { v1: WHOLE }, [gcp]: { v1: WHOLE } };
const settled = recordOf({ topology, current: proven });
const by = { epoch: 9, run: 'run-9' };

const apply = (record: RoutingRecord, rest: Partial<ApplyRoutingInput>): RoutingRecord =>
  withShares(record, {
    ...{ service: { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'main' } },
    ...{ cluster: { name: aws }, ...by },
    ...rest,
  });

const entered = apply(settled, { versions: { [aws]: { v1: WHOLE, v2: 0 } }, headerRoute: 'v2' });
const targetsOf = (record: RoutingRecord): Record<string, number> =>
  Object.fromEntries(
    weightsTo(record.versions.headerRoute, record, weightsOf(record, 'current')).map(({ cluster, version, weight }) => [
      `${version} in ${cluster}`,
      weight,
    ]),
  );

describe('the header route', () => {
  it('leads to the version at weight 0, only where it is live, in the shares of the topology among those', () => {
    expect(targetsOf(entered)).toEqual({ [`v2 in ${aws}`]: WHOLE });
    const both = apply(entered, { versions: { [gcp]: { v1: WHOLE, v2: 0 } }, headerRoute: 'v2' });
    expect(targetsOf(both)).toEqual({ [`v2 in ${aws}`]: 700_000, [`v2 in ${gcp}`]: 300_000 });
    expect(targetsOf(settled)).toEqual({});
  });

  it('gives whole weights or nothing, whatever the record', () => {
    fc.assert(
      fc.property(arbitraryRecord, fc.constantFrom('v1', 'v2', 'v9'), (record, version) => {
        const open = { ...record, versions: { ...record.versions, headerRoute: version } };
        const parts = Object.values(targetsOf(open));
        expect([0, WHOLE]).toContain(parts.reduce((sum, part) => sum + part, 0));
      }),
    );
  });

  it('is read back as it was written, so that another part’s write keeps it', () => {
    expect(parseRecord(JSON.stringify(entered), 'here').versions.headerRoute).toBe('v2');
  });

  it('is closed by the first share, the commit, the way back and the retirement', () => {
    const ends = {
      share: apply(entered, { versions: { [aws]: { v1: 950_000, v2: 50_000 } } }),
      commit: committed(entered, { ...by, serving: [aws] }),
      restore: restored(entered, { ...by, serving: [] }),
      retire: withoutVersion(entered, 'v2'),
    };
    expect(Object.values(ends).map(({ versions }) => versions.headerRoute)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    // Of another version that leaves it says nothing.
    expect(withoutVersion(entered, 'v0').versions.headerRoute).toBe('v2');
  });

  it('that no run closes makes the versions half moved, so that the settler takes it away', () => {
    expect([settled, entered, restored(entered, { ...by, serving: [] })].map(halfMovedParts)).toEqual([
      [],
      ['versions'],
      [],
    ]);
  });
});
