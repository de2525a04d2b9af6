import { eventCatalogue, type EventTable } from '@cs/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { asyncApiDocument } from './asyncapi.js';
import { httpErrorCatalogue, type HttpErrorCode } from './http-error-catalogue.js';
import type { JsonSchema } from './json-schema.js';
import { namedSchemaDocument, schemaNames } from './named-schemas.js';
import { openApiDocument } from './openapi.js';
import { errorsOf } from './route.js';
import { allRoutes, methodsOfPath, routes } from './routes.js';
import { errorsPage, errorsTable, eventsTable, routesTable } from './tables.js';

type Node = Record<string, unknown>;
const openApi = openApiDocument({ version: '1.2.3' }) as Node & { paths: Record<string, Record<string, Node>>; components: { schemas: Record<string, Node>; parameters: Node } };
const asyncApi = asyncApiDocument({ version: '1.2.3' }) as Node & { channels: Record<string, Node>; operations: Record<string, Node>; components: { messages: Node; schemas: Record<string, Node> } };

const referencesOf = (node: unknown): readonly string[] => {
  if (Array.isArray(node)) return node.flatMap(referencesOf);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => (key === '$ref' && typeof value === 'string' ? [value] : referencesOf(value)));
};

const resolve = (document: unknown, reference: string): unknown =>
  reference.slice(2).split('/').reduce<unknown>((node, part) => (node as Node | undefined)?.[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')], document);

const operations = Object.entries(openApi.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));

/** Compiles every schema of a document together, so that a broken one or a broken reference fails. */
const compileAll = (document: Node & { components: { schemas: Record<string, Node> } }): void => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', ...document });
  for (const name of Object.keys(document.components.schemas)) ajv.compile({ $ref: `document#/components/schemas/${encodeURIComponent(name)}` });
};

describe('the OpenAPI document', () => {
  it('says what it is', () => {
    expect(openApi).toMatchObject({ openapi: '3.1.1', info: { title: 'Countersign', version: '1.2.3' } });
  });

  it('has every route of the catalogue and nothing else', () => {
    expect(operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort()).toEqual(allRoutes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it('gives every operation an id of its own', () => {
    const ids = operations.map(({ operation }) => operation['operationId']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.entries(routes).every(([name, route]) => route.operationId === name)).toBe(true);
  });

  it('declares exactly the parameters that stand in the path', () => {
    for (const { path, operation } of operations) {
      const declared = (operation['parameters'] as Node[]).filter((parameter) => parameter['in'] === 'path').map((parameter) => parameter['name']);
      expect([path, declared]).toEqual([path, [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1])]);
    }
  });

  it('refers only to what is there', () => {
    const broken = referencesOf(openApi).filter((reference) => !reference.startsWith('#/') || resolve(openApi, reference) === undefined);
    expect(broken).toEqual([]);
  });

  it('holds schemas that a validator can compile', () => {
    expect(() => compileAll(openApi)).not.toThrow();
  });

  it('describes 200 and every error of each route as problem+json', () => {
    for (const { method, path, operation } of operations) {
      const responses = operation['responses'] as Record<string, { content: Node }>;
      const route = allRoutes.find((candidate) => candidate.path === path && candidate.method === method.toUpperCase());
      if (!route) throw new Error(path);
      expect(Object.keys(responses)).toContain('200');
      const described = JSON.stringify(responses);
      expect(errorsOf(route).filter((code) => !described.includes(code))).toEqual([]);
      for (const [status, response] of Object.entries(responses)) if (status !== '200') expect(Object.keys(response.content)).toEqual(['application/problem+json']);
    }
  });

  it('lets only what is read from the projection wait for a position, and only streams begin after an event', () => {
    for (const { path, method, operation } of operations) {
      const route = allRoutes.find((candidate) => candidate.path === path && candidate.method === method.toUpperCase());
      const headers = JSON.stringify(operation['parameters']);
      expect([path, headers.includes('MinPosition'), headers.includes('LastEventId')]).toEqual([path, route?.kind === 'read', route?.kind === 'stream']);
    }
    expect(routes.previewReset.kind).toBe('log-read');
    expect(errorsOf(routes.previewReset)).not.toContain('PROJECTION_BEHIND');
  });

  it('has a route for every code, but for those that only the edge, runs themselves and channels answer', () => {
    const answered = new Set(allRoutes.flatMap(errorsOf));
    const elsewhere = ['METHOD_NOT_ALLOWED', 'AUTOMATION_V2_VERSION_NOT_FOUND', 'CHANNEL_ENROLMENT_INVALID', 'CHANNEL_USER_NOT_ALLOWED', 'CHANNEL_TIER_TOO_LOW', 'CHANNEL_STEP_UP_REQUIRED', 'CHANNEL_DEPARTMENT_REQUIRED', 'CHANNEL_CARD_UNKNOWN', 'REQUEST_MALFORMED', 'REQUEST_URI_TOO_LONG', 'REQUEST_HEADERS_TOO_LARGE', 'REQUEST_TIMEOUT'];
    expect(Object.keys(httpErrorCatalogue).filter((code) => !answered.has(code as HttpErrorCode))).toEqual(elsewhere);
  });

  it('shows the definition that a client sends with its defaults optional, and leaves answers open', () => {
    const schemas = openApi.components.schemas;
    expect(schemas['AutomationDefinition']).toMatchObject({ additionalProperties: false, required: ['automation_id', 'name', 'flow'] });
    expect(schemas['StatefulRun']).not.toHaveProperty('additionalProperties');
    expect(JSON.stringify(schemas['RunList'])).toContain('#/components/schemas/Run"');
  });

  it('shows numbers of a query as numbers', () => {
    const parameters = openApi.paths['/automations/v2']?.['get']?.['parameters'] as Node[];
    expect(parameters.find((parameter) => parameter['name'] === 'limit')).toMatchObject({ in: 'query', required: false, schema: { type: 'integer' } });
  });
});

describe('the AsyncAPI document', () => {
  it('has a channel for every aggregate and a message for every event', () => {
    expect(Object.keys(asyncApi.channels)).toEqual(Object.keys(eventCatalogue));
    const events = Object.entries(eventCatalogue).flatMap(([aggregate, table]) => Object.keys(table satisfies EventTable).map((type) => `${aggregate}.${type}`));
    expect(Object.keys(asyncApi.components.messages)).toEqual(events);
  });

  it('refers only to what is there, and its schemas compile', () => {
    const broken = referencesOf(asyncApi).filter((reference) => !reference.startsWith('#/') || resolve(asyncApi, reference) === undefined);
    expect(broken).toEqual([]);
    expect(() => compileAll(asyncApi)).not.toThrow();
  });

  it('declares every parameter of its addresses', () => {
    for (const channel of Object.values(asyncApi.channels)) {
      const inAddress = [...String(channel['address']).matchAll(/\{([^}]+)\}/g)].map((match) => match[1]);
      expect(Object.keys(channel['parameters'] as Node)).toEqual(inAddress);
    }
  });
});

describe('named schemas', () => {
  it('are valid JSON Schemas, each under its name', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const name of schemaNames) expect(() => ajv.compile(namedSchemaDocument(name) as JsonSchema)).not.toThrow();
  });

  it('check a definition as the service does', () => {
    const validate = new Ajv2020({ strict: false }).compile(namedSchemaDocument('automation') as JsonSchema);
    const definition = { automation_id: 'a', name: 'A', flow: { nodes: [{ node_id: 'n', objective: 'o', action: { kind: 'transform', expression: '1' } }] } };
    expect(validate(definition)).toBe(true);
    expect(validate({ ...definition, colour: 'red' })).toBe(false);
  });

  it('describe every member of a definition, so that an editor can say what it is', () => {
    const undescribed = (node: unknown, path: string): readonly string[] => {
      if (typeof node !== 'object' || node === null) return [];
      const properties = Object.entries((node as { properties?: Record<string, Node> }).properties ?? {});
      const here = properties.filter(([, member]) => typeof member['description'] !== 'string').map(([name]) => `${path}.${name}`);
      return [...here, ...Object.entries(node).flatMap(([key, member]) => undescribed(member, `${path}/${key}`))];
    };
    expect(undescribed(namedSchemaDocument('automation'), '')).toEqual([]);
  });

  it('know a definition by snake_case only, and say so', () => {
    const schema = namedSchemaDocument('automation') as JsonSchema;
    expect(schema['description']).toContain('camelCase');
    expect(JSON.stringify(Object.keys(schema['properties'] as object))).not.toMatch(/[A-Z]/);
  });

  it('know nothing else', () => {
    expect(namedSchemaDocument('__proto__')).toBeUndefined();
    expect(namedSchemaDocument('constructor')).toBeUndefined();
  });
});

describe('paths and methods', () => {
  it('tell which methods a path takes', () => {
    expect(methodsOfPath('/automations/v2')).toEqual(['GET', 'POST']);
    expect(methodsOfPath('/automations/v2/refund')).toEqual(['DELETE', 'GET', 'PATCH']);
    expect(methodsOfPath('/automations/v2/refund/run_now')).toEqual(['POST']);
    expect(methodsOfPath('/nowhere')).toEqual([]);
  });
});

describe('tables for the documentation', () => {
  it('have a row for each entry', () => {
    expect(errorsTable()).toContain('| `AUTOMATION_V2_RUN_NOT_FOUND` | 404 |');
    expect(routesTable().trim().split('\n')).toHaveLength(allRoutes.length + 2);
    expect(eventsTable()).toContain('| run | `run_created` | 1 |');
  });

  it('yield a page with an anchor for every code', () => {
    expect(errorsPage()).toContain('<section id="INTERNAL">');
  });
});
