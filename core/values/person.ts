/** Who does something, and how that is known. */

export interface Person {
  /** `alice@example.com`, `repo:acme/checkout`, the name of a sender. */
  readonly name: string;
  /**
   * oidc, signed-link, slack, sender: authenticated at the front door. claimed: only Temporal or the command line says so.
   */
  readonly how: 'oidc' | 'signed-link' | 'slack' | 'sender' | 'claimed';
}

/** `alice@example.com (oidc)`; who is only claimed is shown as that. */
export const personText = ({ name, how }: Person): string => `${name} (${how})`;

const ways: readonly Person['how'][] = ['oidc', 'signed-link', 'slack', 'sender', 'claimed'];

/** Longest name that is kept, characters. */
const NAME_MAX = 200;

/** Of a message that may have been written by hand: what does not say how it is known is claimed. undefined: nobody is named. */
export function parsePerson(sent: unknown): Person | undefined {
  const { name, how } = (typeof sent === 'object' && sent !== null ? sent : {}) as Record<string, unknown>;
  if (typeof name !== 'string' || name.trim() === '') return undefined;
  return { name: name.slice(0, NAME_MAX), how: ways.find((one) => one === how) ?? 'claimed' };
}
