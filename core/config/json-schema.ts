/** The published JSON Schemas, for editors. Made from the schemas that parse, so they cannot drift apart. */
import { senderSchema } from './events/sender-schema.ts';
import { sinkSchema } from './events/sink-schema.ts';
import { triggerSchema } from './events/trigger-schema.ts';
import { meshSchema } from './mesh-schema.ts';
import { serviceSchema } from './service-schema.ts';
import { type SchemaNode, publishedSchema } from './shape.ts';
import { topologyInputSchema } from './topology/input-schema.ts';

/** By name of the committed file. */
export const jsonSchemas = (): Readonly<Record<string, SchemaNode>> => ({
  'mesh.schema.json': { ...publishedSchema(meshSchema), title: 'Tidegate Mesh' },
  'service.schema.json': { ...publishedSchema(serviceSchema), title: 'Tidegate Service' },
  'sender.schema.json': { ...publishedSchema(senderSchema), title: 'Tidegate Sender' },
  'trigger.schema.json': { ...publishedSchema(triggerSchema), title: 'Tidegate Trigger' },
  'sink.schema.json': { ...publishedSchema(sinkSchema), title: 'Tidegate Sink' },
  'topology-input.schema.json': { ...publishedSchema(topologyInputSchema), title: 'Tidegate TopologyInput' },
});
