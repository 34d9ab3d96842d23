/** The OpenAPI 3.1 document of the front door, made from the table of its routes. */
import { z } from 'zod';
import { documentedRoutes, type DocumentedAnswer, type DocumentedRoute } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

/** Of the interface and not of the program: it is another one when a client must change. */
const VERSION = 'v1alpha1';

/** Schemas with an id are written once, under components, and are pointed at from everywhere else. */
interface Components {
  readonly schemaOf: (schema: z.ZodType) => Json;
  readonly all: () => Json;
}

export function openApiDocument(): Json {
  const components = createComponents();
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of documentedRoutes) (paths[route.path] ??= {})[route.method] = operationOf(route, components);
  return {
    openapi: '3.1.0',
    info: {
      title: "Tidegate's front door",
      version: VERSION,
      description: 'Events start, steer and follow rollouts. Answers are 202 only after Temporal has the event.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { schemas: components.all() },
  };
}

function operationOf(route: DocumentedRoute, components: Components): Json {
  const { id, summary, about, parameters, bodies, answers } = route;
  return {
    operationId: id,
    summary,
    description: about,
    ...(parameters.length === 0
      ? {}
      : {
          parameters: parameters.map(({ in: where, name, about: description }) => ({
            ...{ in: where, name, description, required: where === 'path', schema: { type: 'string' } },
          })),
        }),
    ...(Object.keys(bodies).length === 0
      ? {}
      : { requestBody: { required: true, content: contentOf(bodies, components) } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, responseOf(answer, components)]),
    ),
  };
}

function responseOf({ about, bodies, headers = {} }: DocumentedAnswer, components: Components): Json {
  const told = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return {
    description: about,
    ...(told.length === 0 ? {} : { headers: Object.fromEntries(told) as Json }),
    ...(Object.keys(bodies).length === 0 ? {} : { content: contentOf(bodies, components) }),
  };
}

const contentOf = (bodies: DocumentedAnswer['bodies'], { schemaOf }: Components): Json =>
  Object.fromEntries(Object.entries(bodies).map(([type, schema]) => [type, { schema: schemaOf(schema) }]));

function createComponents(): Components {
  const schemas: Record<string, Json> = {};
  return {
    schemaOf(schema) {
      const {
        $defs = {},
        $schema: _,
        ...own
      } = pointingIntoComponents(z.toJSONSchema(schema)) as Json & { $defs?: Json };
      for (const [name, one] of Object.entries($defs)) schemas[name] = withoutName(one as Json);
      const { id } = own as { id?: string };
      if (id === undefined) return own;
      schemas[id] = withoutName(own);
      return { $ref: `#/components/schemas/${id}` };
    },
    all: () => Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** In a JSON Schema `id` is nothing of ours to say; the name stands in the key. */
const withoutName = ({ id: _, ...schema }: Json): Json => schema;

const pointingIntoComponents = (schema: unknown): unknown =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
