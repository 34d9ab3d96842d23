/** podinfo, Online Boutique, Bookinfo and the OpenTelemetry demo: their manifests, and what their owners would say of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../core/kube/objects.ts';
import type { PortProtocol } from '../../core/routing/port-protocol.ts';

const APPS = 'test/fixtures/reference-apps';
/** The page whose table says what becomes of each Service; a test makes it. */
export const PAGE = 'docs/how-to/reference-apps.md';

/** spec.port of the Service documents that need one. */
export const portsAsked: Readonly<Record<string, string>> = { podinfo: 'http', flagd: 'ofrep', kafka: 'plaintext' };

/** spec.protocol of those whose Service does not say what its port speaks, or says TCP of it. */
const speak = (protocol: PortProtocol, services: string): [string, PortProtocol][] =>
  services.split(' ').map((one) => [one, protocol]);
export const protocolsAsked: Readonly<Record<string, PortProtocol>> = Object.fromEntries([
  ...speak('grpc', 'adservice cartservice checkoutservice currencyservice emailservice paymentservice'),
  ...speak('grpc', 'productcatalogservice recommendationservice shippingservice'),
  ...speak('grpc', 'ad cart checkout currency payment product-catalog product-reviews recommendation'),
  ...speak('http', 'email frontend-proxy image-provider load-generator quote shipping frontend'),
]);

export interface ReferenceApp {
  readonly name: string;
  readonly objects: readonly KubeObject[];
}

export const referenceApps: readonly ReferenceApp[] = readdirSync(APPS)
  .sort()
  .map((file) => ({
    name: file.replace('.yaml', ''),
    objects: parseAllDocuments(readFileSync(`${APPS}/${file}`, 'utf8')).map((one) => one.toJS() as KubeObject),
  }));
