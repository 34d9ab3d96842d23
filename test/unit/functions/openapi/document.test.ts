import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createApp } from '../../../../functions/app.ts';
import type { FrontDoorDeps } from '../../../../functions/deps.ts';
import { openApiDocument } from '../../../../functions/openapi/document.ts';
import { documentedRoutes } from '../../../../functions/openapi/routes.ts';
import { attributes, batch, structured, testDoor } from '../front-door.ts';

type Json = Record<string, unknown>;

const document = openApiDocument() as {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { schema: Json }> }> }>>;
  components: Json;
};

/** Schemas point at `#/components`: each is compiled in a document of its own that has them. */
const ajv = new Ajv2020({ strict: false });

/** What is wrong with an answer, by the document; empty = nothing. */
async function faultsOf(route: string, method: string, response: Response): Promise<string> {
  const responses = document.paths[route]?.[method]?.responses ?? {};
  const answer = responses[String(response.status)];
  if (answer === undefined) return `${method} ${route}: ${response.status} is not documented`;
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const text = await response.text();
  if (text === '' && answer.content === undefined) return '';
  const schema = answer.content?.[type]?.schema;
  if (schema === undefined) return `${method} ${route}: ${response.status} with ${type} is not documented`;
  const isJson = /json$/.test(type);
  const validate = ajv.compile({ ...schema, components: document.components });
  return validate(isJson ? JSON.parse(text) : text)
    ? ''
    : `${route} ${response.status}: ${ajv.errorsText(validate.errors)}`;
}

describe('the OpenAPI document', () => {
  it('has every route of the app, and the app has every route of it', () => {
    const { routes } = createApp({} as FrontDoorDeps);
    const ofApp = routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}').replace('/*', '/{secret}')}`);
    const documented = documentedRoutes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(documented.toSorted()).toEqual([...new Set(ofApp)].sort());
  });

  it('is committed as the code makes it (mend: node infra/docs/generate-openapi.ts)', () => {
    const committed = readFileSync(join(import.meta.dirname, '../../../../docs/reference/openapi.json'), 'utf8');
    expect(JSON.parse(committed)).toEqual(document);
  });

  it('names no operation twice, and points at nothing that it does not have', () => {
    const ids = documentedRoutes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const names = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    const { schemas } = document.components as { schemas: Json };
    expect(names.filter((name) => !((name ?? '') in schemas))).toEqual([]);
  });

  it('is served by the app itself', async () => {
    const response = await testDoor().fetch(new Request('https://door.example/openapi.json'));
    expect(await response.json()).toEqual(document);
  });
});

describe('an answer of the app', () => {
  const get = (path: string): Request => new Request(`https://door.example${path}`);
  const requests: readonly [name: string, route: string, method: string, request: Request, status: number][] = [
    ['an event', '/events', 'post', structured(attributes), 202],
    ['a batch', '/events', 'post', batch([attributes, { ...attributes, id: '' }]), 202],
    ['a batch without a valid event', '/events', 'post', batch([{}]), 400],
    ['an event without an id', '/events', 'post', structured({ ...attributes, id: '' }), 400],
    ['another content type', '/events', 'post', structured(attributes, { 'content-type': 'application/xml' }), 415],
    ['no token', '/events', 'post', structured(attributes, { authorization: '' }), 401],
    ['health', '/healthz', 'get', get('/healthz'), 200],
    ['readiness', '/readyz', 'get', get('/readyz'), 200],
    ['metrics', '/metrics', 'get', get('/metrics'), 200],
  ];
  it.each(requests)('is as the document says: %s', async (_, route, method, request, status) => {
    const response = await testDoor().fetch(request);
    const faults = await faultsOf(route, method, response.clone());
    expect([faults, response.status]).toEqual(['', status]);
  });

  it('would be caught if it said something else', async () => {
    const json = { 'content-type': 'application/json' };
    expect(await faultsOf('/healthz', 'get', new Response('{"ok":false}', { headers: json }))).toContain('/ok must be');
    expect(await faultsOf('/healthz', 'get', new Response('', { status: 302 }))).toContain('302 is not documented');
  });
});
