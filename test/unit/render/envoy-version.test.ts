import { describe, expect, it } from '@jest/globals';
import {
  extensionsEverywhere,
  extensionSources,
  extensionsSince,
} from '../../../core/render/cilium-envoy/built-extensions.ts';
import { envoyOfImage, isBuilt, knownMinors, listFor } from '../../../core/render/cilium-envoy/envoy-version.ts';
import { extensionsOf } from '../../../core/render/cilium-envoy/extensions.ts';

describe('the Envoy of an image', () => {
  it.each([
    ['quay.io/cilium/cilium-envoy:v1.36.6-1776000437-0e3a@sha256:ab', { minor: '1.36', patch: 6 }],
    ['registry.example:5000/mirror/cilium-envoy:v1.34.10-1762597008-ff7a', { minor: '1.34', patch: 10 }],
    ['quay.io/cilium/cilium:v1.18.5@sha256:ab', { minor: '1.34', patch: 0 }],
    ['quay.io/cilium/cilium:v1.18.8', { minor: '1.35', patch: 0 }],
    ['quay.io/cilium/cilium:v1.18.12', { minor: '1.36', patch: 0 }],
    ['quay.io/cilium/cilium:v1.19.2', { minor: '1.35', patch: 0 }],
    ['quay.io/cilium/cilium:v1.20.0', { minor: '1.37', patch: 0 }],
  ])('%s is read from its tag', (image, version) => {
    expect(envoyOfImage(image)).toEqual(version);
  });

  it('is not guessed when the tag does not say it', () => {
    for (const image of ['', 'quay.io/cilium/cilium:latest', 'quay.io/cilium/cilium-envoy@sha256:ab', 'cilium:v1.21.0'])
      expect(envoyOfImage(image)).toBeUndefined();
    expect(envoyOfImage('quay.io/cilium/cilium:v1.21.0')).toBeUndefined();
  });
});

describe('what cilium-envoy is built with', () => {
  it('is known for Envoy 1.34 to 1.38, each read at a named commit', () => {
    expect(knownMinors).toEqual(['1.34', '1.35', '1.36', '1.37', '1.38']);
    for (const { commit } of Object.values(extensionSources)) expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(extensionsEverywhere.length).toBeGreaterThan(90);
    expect(extensionsEverywhere.filter((name) => name in extensionsSince)).toEqual([]);
  });

  it.each([undefined, 'http2', 'grpc'] as const)(
    'has all that is rendered for a port of %s, in every one',
    (protocol) => {
      for (const minor of knownMinors)
        expect(extensionsOf(protocol).filter((name) => !isBuilt(name, { minor, patch: 0 }))).toEqual([]);
      expect(extensionsOf(protocol).includes('envoy.filters.http.grpc_stats')).toBe(protocol === 'grpc');
    },
  );

  it('goes by the minor, and by the patch release where the list grew within one', () => {
    expect(isBuilt('envoy.filters.http.cors', { minor: '1.35', patch: 99 })).toBe(false);
    expect(isBuilt('envoy.filters.http.cors', { minor: '1.36', patch: 0 })).toBe(false);
    expect(isBuilt('envoy.filters.http.cors', { minor: '1.36', patch: 9 })).toBe(true);
    expect(isBuilt('envoy.filters.http.cors', { minor: '1.37', patch: 0 })).toBe(true);
    expect(isBuilt('envoy.tracers.opentelemetry', { minor: '1.38', patch: 9 })).toBe(false);
  });

  it('is taken from the nearest older list when the version is not known; older than all, nothing is', () => {
    expect(listFor({ minor: '1.40', patch: 0 })).toBe('1.38');
    expect(isBuilt('envoy.filters.http.cors', { minor: '1.40', patch: 0 })).toBe(true);
    expect(listFor({ minor: '1.33', patch: 2 })).toBeUndefined();
    expect(isBuilt('envoy.filters.http.router', { minor: '1.33', patch: 2 })).toBe(false);
  });
});
