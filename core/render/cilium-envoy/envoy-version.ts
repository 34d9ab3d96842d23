/** Which Envoy a cluster runs, by the image of cilium-envoy or of the agent that has it inside, and what that is built with. */
import { extensionsEverywhere, extensionSources, extensionsSince } from './built-extensions.ts';

export interface EnvoyVersion {
  /** `1.36`. */
  readonly minor: string;
  readonly patch: number;
}

/**
 * Minors of the Envoy that releases of Cilium have inside: from that patch release on (read in the release notes and
 * build files of cilium/cilium, November 2026). A later patch may have a later Envoy: the list of an older one holds.
 */
const envoyOfCilium: readonly { readonly cilium: string; readonly patch: number; readonly envoy: string }[] = [
  { cilium: '1.18', patch: 9, envoy: '1.36' },
  { cilium: '1.18', patch: 6, envoy: '1.35' },
  { cilium: '1.18', patch: 0, envoy: '1.34' },
  { cilium: '1.19', patch: 3, envoy: '1.36' },
  { cilium: '1.19', patch: 0, envoy: '1.35' },
  { cilium: '1.20', patch: 0, envoy: '1.37' },
];

const TAG = String.raw`:v?(\d+\.\d+)\.(\d+)`;

/** From an image like quay.io/cilium/cilium-envoy:v1.36.6-1776000437-abc@sha256:…; undefined: its tag does not say. */
export const envoyOfImage = (image: string): EnvoyVersion | undefined => {
  const [, minor, patch] = new RegExp(`/cilium-envoy[^/:]*${TAG}`).exec(image) ?? [];
  if (minor !== undefined) return { minor, patch: Number(patch) };
  const [, cilium, release] = new RegExp(`/cilium(?!-envoy)[^/:]*${TAG}`).exec(image) ?? [];
  const row = envoyOfCilium.find((one) => one.cilium === cilium && Number(release) >= one.patch);
  // Which patch release of Envoy is inside is not known: what the first one had, all have.
  return row && { minor: row.envoy, patch: 0 };
};

/** Oldest first. */
export const knownMinors: readonly string[] = Object.keys(extensionSources);

const order = (minor: string): number => Number(minor.split('.')[0]) * 1_000 + Number(minor.split('.')[1]);

/** The minor whose list holds: its own, or of an unknown one the nearest older; undefined: older than all of them. */
export const listFor = ({ minor }: EnvoyVersion): string | undefined =>
  knownMinors.findLast((known) => order(known) <= order(minor));

/** Is the extension in every build of that version? An unknown minor has what the nearest older one has. */
export const isBuilt = (name: string, version: EnvoyVersion): boolean => {
  const list = listFor(version);
  if (list === undefined) return false;
  if (extensionsEverywhere.includes(name)) return true;
  const since = extensionsSince[name]?.[list];
  // The newest build of the list is older than all of an unknown minor.
  return since !== undefined && (list !== version.minor || version.patch >= since);
};
