/** Every make that is heard. A new one is a folder here and a line in core/config/events/makes.ts. */
import type { SenderMake } from '../../core/config/events/makes.ts';
import { receiveAlertmanager } from './alertmanager/index.ts';
import { receiveArtifactory } from './artifactory/index.ts';
import { receiveAwsEcr } from './aws-ecr/index.ts';
import { receiveAzureContainerRegistry } from './azure-container-registry/index.ts';
import { receiveBitbucket } from './bitbucket/index.ts';
import { receiveCloudEvents } from './cloudevents/index.ts';
import { receiveDistribution } from './distribution/index.ts';
import { receiveDockerHub } from './docker-hub/index.ts';
import { receiveGenericHmac } from './generic-hmac/index.ts';
import { receiveGitea } from './gitea/index.ts';
import { receiveGithub } from './github/index.ts';
import { receiveGitlab } from './gitlab/index.ts';
import { receiveGoogleArtifactRegistry } from './google-artifact-registry/index.ts';
import { receiveHarbor } from './harbor/index.ts';
import { receiveOidc } from './oidc/index.ts';
import { receiveQuay } from './quay/index.ts';
import type { Receive } from './sender.ts';
import { receiveSlack } from './slack/index.ts';
import { receiveStandardWebhooks } from './standard-webhooks/index.ts';
import { receiveZot } from './zot/index.ts';

export const senders: Readonly<Record<SenderMake, Receive>> = {
  alertmanager: receiveAlertmanager,
  artifactory: receiveArtifactory,
  'aws-ecr': receiveAwsEcr,
  'azure-container-registry': receiveAzureContainerRegistry,
  bitbucket: receiveBitbucket,
  cloudevents: receiveCloudEvents,
  distribution: receiveDistribution,
  'docker-hub': receiveDockerHub,
  'generic-hmac': receiveGenericHmac,
  gitea: receiveGitea,
  github: receiveGithub,
  gitlab: receiveGitlab,
  'google-artifact-registry': receiveGoogleArtifactRegistry,
  harbor: receiveHarbor,
  oidc: receiveOidc,
  quay: receiveQuay,
  slack: receiveSlack,
  'standard-webhooks': receiveStandardWebhooks,
  zot: receiveZot,
};
