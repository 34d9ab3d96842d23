/**
 * The leaf types of config documents. `title` and `examples` are published in the JSON Schema and are also what error
 * messages are made of, so an editor and `tidegate validate` say the same.
 */
import { z } from 'zod';
import { isPrivateWay } from '../values/loopback.ts';
import { durationPattern, formatDuration, parseDuration } from '../values/duration.ts';

/** Parts per million in one percent. */
const PPM_PER_PERCENT = 10_000;

const label = /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)$/;

export const resourceName = (title: string) =>
  z
    .string()
    .regex(label)
    .max(63)
    .meta({ title, examples: ['shop'] });

/** A Kubernetes Service's name starts with a letter (RFC 1035). */
export const serviceName = z
  .string()
  .regex(/^[a-z](?:[-a-z0-9]*[a-z0-9])?$/)
  .max(63)
  .meta({ title: 'service name', examples: ['checkout'] });

/** Cilium's rule for cluster names. */
export const clusterName = z
  .string()
  .regex(/^([a-z0-9][-a-z0-9]*)?[a-z0-9]$/)
  .max(32)
  .meta({ title: 'cluster name', examples: ['aws-us-east-1'] });

export const text = (title: string, example: string) =>
  z
    .string()
    .min(1)
    .meta({ title, examples: [example] });

/** Of labels and of annotations, with or without a prefix. */
const metadataKey = z.string().regex(/^(?:[a-z0-9.-]+\/)?[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?$/);

export const labelMap = z
  .record(metadataKey, z.string().max(63))
  .meta({ title: 'map of labels', examples: [{ tier: 'canary' }] });

/** A value may be long and of any text. */
export const annotationMap = z
  .record(metadataKey, z.string().max(4_096))
  .meta({ title: 'map of annotations', examples: [{ 'example.com/owner': 'team-pay' }] });

/**
 * Milliseconds when parsed. Bounds in ms, both inclusive; the upper one keeps workflow timers sane (400 days).
 * `meta` stands before the transform: zod publishes no examples and defaults of what it transforms.
 */
export const duration = (bounds: { minMs?: number; maxMs?: number } = {}) =>
  z
    .string()
    .regex(durationPattern, { abort: true })
    .meta({ title: 'duration', examples: ['10s', '500ms', '1h30m'] })
    .transform((written, context) => {
      const durationMs = parseDuration(written) ?? 0;
      const { minMs = 0, maxMs = 400 * 24 * 3_600_000 } = bounds;
      if (durationMs < minMs || durationMs > maxMs) {
        context.issues.push({
          code: 'custom',
          input: written,
          message: `must be between ${formatDuration(minMs)} and ${formatDuration(maxMs)}`,
          params: { hint: durationMs < minMs ? `write ${formatDuration(minMs)} or more` : 'write a shorter time' },
          continue: true,
        });
      }
      return durationMs;
    });

const percent = (bounded: z.ZodNumber) =>
  bounded
    .lte(100, { abort: true })
    .meta({ title: 'percent number', examples: [5, 0.1] })
    .transform((written, context) => {
      const ppm = written * PPM_PER_PERCENT;
      if (Math.abs(ppm - Math.round(ppm)) > 1e-6) {
        context.issues.push({
          code: 'custom',
          input: written,
          message: 'has more than 4 decimals',
          params: { hint: 'the smallest share is 0.0001 percent (one in a million)' },
          continue: true,
        });
      }
      return Math.round(ppm);
    });

/** Percent as written, parts per million when parsed. */
export const stepShare = percent(z.number().gt(0, { abort: true }));
export const topologyShare = percent(z.number().gte(0, { abort: true }));

/** As a user would write the share. */
export const percentOf = (ppm: number): string => String(ppm / PPM_PER_PERCENT);

/** No userinfo: an address is printed, stored in workflow history and logged. The message never repeats it. */
export const metricsUrl = z
  .string()
  .superRefine((written, context) => {
    const refuse = (message: string, hint: string): void => {
      context.addIssue({ code: 'custom', message, params: { hint } });
    };
    if (!URL.canParse(written)) {
      refuse('is not a URL', 'write something like http://prometheus.monitoring:9090');
      return;
    }
    const url = new URL(written);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      refuse('must be an http or https URL', 'write http://... or https://...');
    if (url.username !== '' || url.password !== '') {
      refuse(
        'carries credentials',
        'name the environment variable that holds a bearer token instead: tokenEnv: PROMETHEUS_TOKEN',
      );
    }
    if (url.search !== '' || url.hash !== '')
      refuse('must be a base URL without query or fragment', 'end it after the path');
  })
  .meta({ title: 'base URL', examples: ['http://prometheus.monitoring:9090'] });

/** Visible ASCII without spaces fits a header; several tenants are joined by `|` where the backend federates them. */
export const tenantId = z
  .string()
  .regex(/^[\x21-\x7e]+$/)
  .max(150)
  .meta({ title: 'tenant', examples: ['team-shop'] });

/** Headers that mean something to HTTP itself, or that Tidegate sets. */
const takenHeaders =
  /^(?:accept.*|authorization|connection|content-.*|cookie|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|user-agent)$/i;

const headerName = (example: string, hint: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][-A-Za-z0-9_]*$/)
    .max(100)
    .refine((name) => !takenHeaders.test(name), { error: 'has a meaning of its own in HTTP', params: { hint } })
    .meta({ title: 'name of an HTTP header', examples: [example] });

export const tenantHeader = headerName(
  'THANOS-TENANT',
  'name the header that the backend reads the tenant from: X-Scope-OrgID or THANOS-TENANT',
);

export const secretHeader = headerName('X-Webhook-Token', 'name the header that the sender puts its secret in');

export const environmentVariable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
  .meta({ title: 'name of an environment variable', examples: ['PROMETHEUS_TOKEN'] });

/** Where requests with a signature go: in the clear to this very machine only. It is printed and stored, so it holds no secret. */
export const signedUrl = (title: string, example: string) =>
  z
    .string()
    .superRefine((written, context) => {
      const refuse = (message: string, hint: string): void => {
        context.addIssue({ code: 'custom', message, params: { hint } });
      };
      if (!URL.canParse(written)) return refuse('is not a URL', `write something like ${example}`);
      const { protocol, hostname, username, password, hash } = new URL(written);
      if (!isPrivateWay({ protocol, hostname }))
        refuse('is not https', 'write https://...; http is for this very machine (127.0.0.1)');
      if (username !== '' || password !== '')
        refuse('carries credentials', 'requests are signed: name the secret in secrets');
      if (hash !== '') refuse('has a fragment', 'end it before the #');
    })
    .meta({ title, examples: [example] });

/** Where a secret lies. Its value is in no document. */
export const secretRef = z.union([
  z.strictObject({ env: environmentVariable }),
  z.strictObject({ file: text('file path', '/var/run/secrets/github/webhook') }),
]);
