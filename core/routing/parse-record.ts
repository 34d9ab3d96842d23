/** The record as read from a cluster: anybody can edit an annotation, so nothing of it is believed unchecked. */
import * as z from 'zod';
import { refuse } from '../values/error.ts';
import { WHOLE } from '../values/share.ts';
import { inNormalForm } from './normal-form.ts';
import type { RoutingRecord } from './record.ts';

const name = z.string().min(1);

const shares = z
  .record(name, z.int().min(0).max(WHOLE))
  .refine((parts) => Object.values(parts).reduce((sum, part) => sum + part, 0) === WHOLE, {
    error: `shares do not sum to ${String(WHOLE)}`,
  });

/** A newer Tidegate may say more: what is not known here is kept, and written back. */
const part = <T extends z.ZodType>(value: T) =>
  z.looseObject({
    proven: value.nullable(),
    current: value.nullable(),
    epoch: z.int().min(0),
    run: z.string(),
    turn: z.int().min(0).exactOptional(),
    closed: z.literal(true).exactOptional(),
  });

const ms = z.int().min(0);

const policy = z.looseObject({
  requestTimeoutMs: ms,
  upstreamIdleMs: ms,
  connectTimeoutMs: ms.min(1),
  idleTimeoutMs: ms.min(1).exactOptional(),
});

/** A header with a line end in it would be another header. */
const headerText = z.string().regex(/^[\x20-\x7e]+$/, 'is no text of a header');
const token = z.string().regex(/^[-\w.~]+$/, 'is no name or value of a cookie');

const mark = z.union([
  z.looseObject({ header: headerText, value: headerText.exactOptional(), cookie: z.never().exactOptional() }),
  z.looseObject({ cookie: token, value: token, header: z.never().exactOptional() }),
]);

const sticky = z.looseObject({
  ...{ version: name, cookie: token, ttlMs: ms.min(1_000), token },
  keeps: z.literal('new').exactOptional(),
});

const port = z.int().min(1).max(65_535);

const recordSchema = z.looseObject({
  schema: z.literal(1, { error: 'another schema than 1: a newer Tidegate wrote it, so a newer worker must handle it' }),
  needs: z.array(name).exactOptional(),
  installation: name,
  mesh: name,
  namespace: name,
  service: name,
  cluster: name,
  frontend: z.looseObject({
    portName: z.string(),
    port,
    targetPort: z.union([port, name]),
    protocol: z
      .enum(['http2', 'grpc'], { error: 'a protocol that is not known here: a newer Tidegate wrote it' })
      .exactOptional(),
    selector: z.record(name, z.string()),
  }),
  topology: part(shares).extend({
    drained: z
      .looseObject({
        from: shares,
        clusters: z.record(name, z.looseObject({ atMs: z.int().min(0), lost: z.literal(true).exactOptional() })),
      })
      .exactOptional(),
  }),
  versions: part(z.record(name, shares)).extend({
    previous: z.record(name, name),
    commits: z.record(name, z.int().min(0)).exactOptional(),
    headerRoute: name.exactOptional(),
    testers: z.looseObject({ version: name, mark }).exactOptional(),
    sticky: sticky.exactOptional(),
  }),
  policy: part(policy),
  pin: z.string().exactOptional(),
  builds: z.record(name, z.looseObject({ digest: name, atMs: ms })).exactOptional(),
  absent: z.record(name, z.looseObject({ atMs: ms, reason: z.string() })).exactOptional(),
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
  if (parsed.success) return inNormalForm(parsed.data);
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
