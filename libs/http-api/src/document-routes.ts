import { z } from 'zod';
import { healthResource } from './resources.schema.js';
import { defineRoute } from './route.js';

const operations = { tag: 'operations', access: 'public', kind: 'document', method: 'GET', errors: [] } as const;
const documents = { ...operations, tag: 'documentation' } as const;
const html = 'text/html';
const json = 'application/json';

export const healthz = defineRoute({
  ...operations, operationId: 'healthz', path: '/healthz', summary: 'Liveness: the process answers',
  answer: { description: 'Alive', mediaType: json, schema: z.object({ status: z.literal('ok') }) },
});
export const readyz = defineRoute({
  ...operations, operationId: 'readyz', path: '/readyz', summary: 'Readiness, with the state of each dependency',
  description: 'Answers 503 with the same body when a dependency is not there.',
  answer: { description: 'Ready', mediaType: json, schema: healthResource },
});
export const metrics = defineRoute({
  ...operations, operationId: 'metrics', path: '/metrics', summary: 'Metrics as Prometheus text',
  answer: { description: 'Metrics', mediaType: 'text/plain' },
});
export const docs = defineRoute({
  ...documents, operationId: 'docs', path: '/docs', summary: 'This API as a page',
  answer: { description: 'The page', mediaType: html },
});
export const docsAsset = defineRoute({
  ...documents, operationId: 'docsAsset', path: '/docs/assets/{file}', summary: 'Scripts and styles of the page',
  params: z.object({ file: z.string().max(64) }),
  answer: { description: 'The file', mediaType: 'application/octet-stream' },
  errors: ['ROUTE_NOT_FOUND'],
});
export const docsErrors = defineRoute({
  ...documents, operationId: 'docsErrors', path: '/docs/errors', summary: 'Every error code with its meaning and remedy',
  answer: { description: 'The page', mediaType: html },
});
export const openApi = defineRoute({
  ...documents, operationId: 'openApi', path: '/openapi.json', summary: 'This API as OpenAPI 3.1',
  answer: { description: 'The document', mediaType: json },
});
export const asyncApi = defineRoute({
  ...documents, operationId: 'asyncApi', path: '/asyncapi.json', summary: 'The published events as AsyncAPI 3',
  answer: { description: 'The document', mediaType: json },
});
export const namedSchema = defineRoute({
  ...documents, operationId: 'namedSchema', path: '/schemas/{name}', summary: 'One JSON Schema by name',
  description: '`automation` is the definition of an automation, `event` the body of a published event, `<aggregate>.<event type>` the data of one event.',
  params: z.object({ name: z.string().max(128) }),
  answer: { description: 'The schema (JSON Schema 2020-12)', mediaType: 'application/schema+json' },
  errors: ['SCHEMA_NOT_FOUND'],
});
