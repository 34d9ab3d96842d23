/** The record as read from a cluster: anybody can edit an annotation, so nothing of it is believed unchecked. */
import * as z from 'zod';
import { refuse } from '../values/error.ts';
import { WHOLE } from '../values/share.ts';
import type { RoutingRecord } from './record.ts';

const name = z.string().min(1);

const shares = z
  .record(name, z.int().min(0).max(WHOLE))
  .refine((parts) => Object.values(parts).reduce((sum, part) => sum + part, 0) === WHOLE, {
    error: `shares do not sum to ${String(WHOLE)}`,
  });

const part = <T extends z.ZodType>(value: T) =>
  z.strictObject({ proven: value.nullable(), current: value.nullable(), epoch: z.int().min(0), run: z.string() });

const ms = z.int().min(0);

const policy = z.strictObject({ requestTimeoutMs: ms, upstreamIdleMs: ms, connectTimeoutMs: ms.min(1) });

const port = z.int().min(1).max(65_535);

const recordSchema = z.strictObject({
  schema: z.literal(1),
  installation: name,
  mesh: name,
  namespace: name,
  service: name,
  cluster: name,
  frontend: z.strictObject({
    portName: z.string(),
    port,
    targetPort: z.union([port, name]),
    selector: z.record(name, z.string()),
  }),
  topology: part(shares),
  versions: part(z.record(name, shares)).extend({ previous: z.record(name, name) }),
  policy: part(policy),
});

/** `where` names the annotated object for messages: "aws/shop/CiliumEnvoyConfig/tidegate-checkout". */
export const parseRecord = (text: string, where: string): RoutingRecord => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unreadable(where, 'not JSON');
  }
  const parsed = recordSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  return unreadable(
    where,
    parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'record'}: ${message}`).join('; '),
  );
};

const unreadable = (where: string, why: string): never =>
  refuse(
    'Invalid',
    `${where}: the annotation tidegate.dev/record is not a routing record: ${why}`,
    'undo the edit of the annotation (its JSON is also in the last rollout of the Temporal history)',
  );
