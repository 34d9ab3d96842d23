import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { annotations } from '../../../core/kube/labels.ts';
import type { Manifest } from '../../../core/kube/objects.ts';
import { withDigest } from '../../../core/kube/with-digest.ts';
import { checkCec } from '../../../core/render/cilium-envoy/check/check.ts';
import { envoyTypes } from '../../../core/render/cilium-envoy/extensions.ts';
import { servingService } from '../../../core/render/cilium-envoy/services.ts';
import { desiredObjects } from '../../../core/render/render.ts';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { subsetsOf, weightsOf } from '../../../core/routing/weights.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { arbitraryRecord, canary, recordOf, withKeysReversed } from '../routing/records.ts';

interface RouteSpec {
  readonly services?: unknown;
  readonly backendServices: readonly { readonly name: string }[];
  readonly resources: readonly Record<string, unknown>[];
}

const routeOf = (record: RoutingRecord, redirect = true): Manifest => {
  const route = desiredObjects(record, { redirect }).at(-1);
  if (route === undefined) throw new Error('nothing rendered');
  return route;
};

const specOf = (route: Manifest): RouteSpec => route.spec as RouteSpec;

describe('desiredObjects', () => {
  it('gives the same bytes for the same record, in whatever order its keys were read', () => {
    fc.assert(
      fc.property(
        arbitraryRecord,
        (record) =>
          JSON.stringify(desiredObjects(withKeysReversed(record), { redirect: true })) ===
          JSON.stringify(desiredObjects(record, { redirect: true })),
      ),
    );
  });

  it('renders only what the strict check lets through', () => {
    fc.assert(
      fc.property(arbitraryRecord, fc.boolean(), (record, redirect) => {
        expect(checkCec(routeOf(record, redirect))).toEqual([]);
      }),
    );
  });

  it('has one Service, one backend service and one Envoy cluster for each live subset', () => {
    fc.assert(
      fc.property(arbitraryRecord, (record) => {
        const names = weightsOf(record, 'current').map(({ name }) => name);
        expect(names.length).toBe(subsetsOf(record).length);
        expect(
          desiredObjects(record, { redirect: true })
            .slice(0, -1)
            .map(({ metadata }) => metadata.name),
        ).toEqual(names);
        expect(specOf(routeOf(record)).backendServices.map(({ name }) => name)).toEqual(names);
        expect(
          specOf(routeOf(record))
            .resources.slice(2)
            .map(({ name }) => name),
        ).toEqual(names);
      }),
    );
  });

  it('carries the record in the annotation, from where it is read again', () => {
    fc.assert(
      fc.property(arbitraryRecord, (record) => {
        expect(parseRecord(routeOf(record).metadata.annotations?.[annotations.record] ?? '', 'x')).toEqual(record);
      }),
    );
  });

  it('leaves the resources as they are when the redirect goes: a changed listener would drain its connections', () => {
    expect(specOf(routeOf(canary, false)).services).toBeUndefined();
    expect(specOf(routeOf(canary, false)).resources).toEqual(specOf(routeOf(canary)).resources);
  });

  it('changes nothing but the route between two steps of a deploy', () => {
    const next = recordOf({
      topology: canary.topology.current ?? {},
      current: { ...canary.versions.current, 'aws-us-east-1': { v1: 500_000, v2: 500_000 } },
      proven: canary.versions.proven,
    });
    const [before, after] = [specOf(routeOf(canary)), specOf(routeOf(next))];
    const changed = after.resources.filter(
      (one, index) => JSON.stringify(one) !== JSON.stringify(before.resources[index]),
    );
    expect(changed.map((one) => one['@type'])).toEqual([envoyTypes.routes]);
    expect(after.backendServices).toEqual(before.backendServices);
  });

  it('makes the stub of a remote subset without selector, under the name that its own cluster serves it by', () => {
    const [, , stub] = desiredObjects(canary, { redirect: true });
    const own = servingService({ ...canary, version: 'v1', cluster: 'gcp-europe-west1' });
    expect(stub?.metadata.name).toBe(own.metadata.name);
    expect(stub?.metadata.annotations?.[annotations.shared]).toBe('false');
    expect(stub?.spec).not.toHaveProperty('selector');
    expect(own.spec).toHaveProperty(['selector', 'tidegate.dev/version'], 'v1');
    expect(own.metadata.annotations?.[annotations.shared]).toBeUndefined();
  });

  it('refuses to redirect calls into nothing, and renders the bare record without redirect', () => {
    const gone = {
      ...recordOf({ topology: { a: WHOLE }, current: {} }),
      versions: { ...canary.versions, current: null, proven: null },
    };
    expect(() => desiredObjects(gone, { redirect: true })).toThrow('nothing to redirect calls to');
    expect(specOf(routeOf(gone, false))).toEqual({ backendServices: [], resources: [] });
    expect(checkCec(routeOf(gone, false))).toEqual([]);
  });
});

describe('withDigest', () => {
  it('is the same when done twice, and differs when anything else does', () => {
    const route = routeOf(canary);
    expect(withDigest(route)).toEqual(route);
    const other = routeOf({ ...canary, installation: 'other' });
    expect(other.metadata.annotations?.[annotations.digest]).not.toBe(route.metadata.annotations?.[annotations.digest]);
  });
});
