/**
 * Makes of senders, and how each of them shows who it is.
 *
 * signature: the body is signed with a secret that both sides have.
 * token: the secret itself comes in a header (bearer, basic, or one that you name).
 * path: the secret is the last part of the URL, since the make can send nothing else.
 * identity: an OIDC identity token, checked with the issuer's public keys; there is no secret.
 */
export const senderMakes = {
  alertmanager: 'token',
  artifactory: 'signature',
  'aws-ecr': 'token',
  'azure-container-registry': 'token',
  bitbucket: 'signature',
  cloudevents: 'token',
  distribution: 'token',
  'docker-hub': 'path',
  'generic-hmac': 'signature',
  gitea: 'signature',
  github: 'signature',
  gitlab: 'signature',
  'google-artifact-registry': 'identity',
  harbor: 'token',
  oidc: 'identity',
  quay: 'path',
  slack: 'signature',
  'standard-webhooks': 'signature',
  zot: 'token',
} as const;

export type SenderMake = keyof typeof senderMakes;

export const senderMakeNames = Object.keys(senderMakes) as readonly SenderMake[] as readonly [
  SenderMake,
  ...SenderMake[],
];

/** Their secret may come in a header that the config names; of a signature, that header carries it. */
export const hasOwnHeader = (make: SenderMake): boolean => senderMakes[make] === 'token' || make === 'generic-hmac';

/** Who acts is who the request says: without authentication it would be anybody. */
export const namesPersons = (make: SenderMake): boolean => make === 'slack' || make === 'oidc';

/** AWS hands their events to a Lambda function itself: EventBridge those of ECR, a queue (SQS) CloudEvents. */
const vouchedMakes = ['aws-ecr', 'cloudevents'] as const satisfies readonly SenderMake[];

export type VouchedMake = (typeof vouchedMakes)[number];

export const isVouchedMake = (make: SenderMake): make is VouchedMake => vouchedMakes.some((one) => one === make);
