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
