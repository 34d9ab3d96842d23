/** What a schema cannot say of a Sender: whether its make can show who it is with what is written. */
import { compileExpression } from '../../cel/expression.ts';
import { TidegateError } from '../../values/error.ts';
import { hasOwnHeader, isVouchedMake, namesPersons, type SenderMake, senderMakes } from './makes.ts';

export interface SenderFault {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint: string;
}

interface WrittenSpec {
  readonly type: SenderMake;
  readonly secrets: readonly unknown[];
  readonly oidc?: { readonly claims: string } | undefined;
  readonly header?: string | undefined;
  readonly registry?: string | undefined;
  readonly trust?: 'lambda' | undefined;
  readonly allowUnauthenticated: boolean;
}

export const senderFaults = (spec: WrittenSpec): readonly SenderFault[] => [
  ...authenticationFaults(spec),
  ...claimFaults(spec),
  ...placeFaults(spec),
];

function authenticationFaults(spec: WrittenSpec): SenderFault[] {
  const { type, secrets, oidc, trust, allowUnauthenticated } = spec;
  const isIdentity = senderMakes[type] === 'identity';
  const shown = secrets.length > 0 || oidc !== undefined || trust !== undefined;
  if (allowUnauthenticated && namesPersons(type))
    return [fault('allowUnauthenticated', `${type} says who acts, and anybody could`, remedyOf(type))];
  if (allowUnauthenticated && shown)
    return [fault('allowUnauthenticated', 'lets everybody in, whatever else is written', 'leave it out, or the rest')];
  if (allowUnauthenticated) return [];
  if (isIdentity && secrets.length > 0)
    return [fault('secrets', `${type} shows an identity token and has no secret`, remedyOf(type))];
  if (!isIdentity && oidc !== undefined)
    return [fault('oidc', `${type} shows no identity token`, `${remedyOf(type)}, or take the type oidc`)];
  if (shown) return [];
  return [fault(isIdentity ? 'oidc' : 'secrets', 'is missing: anybody could send', remedyOf(type))];
}

const remedies = {
  signature: 'name the secret that it signs with: secrets: [{ env: WEBHOOK_SECRET }]',
  token: 'name the secret that it sends: secrets: [{ env: WEBHOOK_TOKEN }]',
  path: 'name the secret that ends its URL: secrets: [{ env: WEBHOOK_PATH }]',
  identity: 'write oidc: { issuer, audience, claims }',
} as const;

const remedyOf = (type: SenderMake): string => remedies[senderMakes[type]];

/** Google gives a token to everybody who has an account, for every audience: only the email says whose it is. */
function claimFaults({ type, oidc }: WrittenSpec): SenderFault[] {
  if (oidc === undefined) return [];
  if (type === 'google-artifact-registry' && !/\bclaims\.email\b/.test(oidc.claims))
    return [
      {
        path: ['oidc', 'claims'],
        message: 'does not say whose token it must be',
        hint: "name the service account of the push subscription: claims.email == 'push@project.iam.gserviceaccount.com'",
      },
    ];
  try {
    compileExpression(oidc.claims);
    return [];
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return [{ path: ['oidc', 'claims'], message: error.message, hint: error.fix }];
  }
}

function placeFaults({ type, header, registry, trust }: WrittenSpec): SenderFault[] {
  const found: SenderFault[] = [];
  if (header !== undefined && !hasOwnHeader(type))
    found.push(fault('header', `${type} has headers of its own`, 'leave it out'));
  if (trust !== undefined && !isVouchedMake(type))
    found.push(fault('trust', `AWS hands no events of ${type} to a function`, 'leave it out'));
  if (type === 'zot' && registry === undefined)
    found.push(fault('registry', 'is missing: zot names no host', 'for example registry: registry.example.com'));
  return found;
}

const fault = (path: string, message: string, hint: string): SenderFault => ({ path: [path], message, hint });
