import { automationDefinitionSchema } from '@cs/contracts';
import type { z } from 'zod';
import { approvalListAnswer, approvalResource } from './approval.schema.js';
import { httpErrorCatalogue, statusOfCode, type HttpErrorCode } from './http-error-catalogue.js';
import { embeddedSchema, linkedSchemas, type JsonSchema } from './json-schema.js';
import { problemMediaType } from './problem.js';
import { problemSchema } from './problem.schema.js';
import * as resources from './resources.schema.js';
import { errorsOf, type RouteDefinition } from './route.js';
import { allRoutes } from './routes.js';
import { statefulRunAnswer, statefulSnapshotResource } from './snapshot.schema.js';

const components = '#/components/schemas/';

const named: Readonly<Record<string, z.ZodType>> = {
  Problem: problemSchema,
  Automation: resources.automationResource,
  Run: resources.runResource,
  Approval: approvalResource,
  StatefulRun: resources.statefulRunResource,
  StatefulEvent: resources.statefulEventResource,
  StatefulSnapshot: statefulSnapshotResource,
  AuditVerification: resources.auditVerificationResource,
  DeadLetter: resources.deadLetterResource,
  Health: resources.healthResource,
  AutomationAnswer: resources.automationAnswer,
  AutomationList: resources.automationListAnswer,
  RunCommandAnswer: resources.runCommandAnswer,
  RunAnswer: resources.runReadAnswer,
  RunList: resources.runListAnswer,
  ApprovalList: approvalListAnswer,
  StatefulRunAnswer: statefulRunAnswer,
  StatefulRunList: resources.statefulRunListAnswer,
  RunEvents: resources.runEventsAnswer,
  DeadLetterList: resources.deadLetterListAnswer,
};

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Named schemas and the answers of the routes that have none of them. */
const answerSchemas = (): Readonly<Record<string, z.ZodType>> => {
  const known = new Set<z.ZodType>(Object.values(named));
  const others = allRoutes.flatMap(({ operationId, answer }): readonly [string, z.ZodType][] =>
    answer.schema === undefined || known.has(answer.schema) ? [] : [[`${capitalised(operationId)}Answer`, answer.schema]]);
  return { ...named, ...Object.fromEntries(others) };
};

const requestSchemas = (): Readonly<Record<string, z.ZodType>> => ({
  AutomationDefinition: automationDefinitionSchema,
  ...Object.fromEntries(allRoutes.flatMap(({ operationId, body }): readonly [string, z.ZodType][] => {
    const schema = body?.documented ?? body?.schema;
    return schema === undefined || schema === automationDefinitionSchema ? [] : [[`${capitalised(operationId)}Request`, schema]];
  })),
});

const nameOf = (schemas: Readonly<Record<string, z.ZodType>>, wanted: z.ZodType): string => {
  const name = Object.keys(schemas).find((candidate) => schemas[candidate] === wanted);
  if (name === undefined) throw new Error('a schema of the catalogue has no name in the document');
  return name;
};

const headerParameters: Readonly<Record<string, JsonSchema>> = {
  IdempotencyKey: {
    name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', minLength: 1, maxLength: 128 },
    description: 'The command repeated with the same key has one effect and one answer',
  },
  MinPosition: {
    name: 'Countersign-Min-Position', in: 'header', required: false, schema: { type: 'integer', minimum: 0 },
    description: 'Wait, bounded, until what is read holds at least this log position (a command answers it as `Countersign-Position`)',
  },
  CorrelationId: {
    name: 'X-Correlation-Id', in: 'header', required: false, schema: { type: 'string', maxLength: 128 },
    description: 'Returned with the answer and kept in logs and events; made by the server when absent',
  },
  LastEventId: {
    name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string', pattern: '^\\d{1,15}\\.\\d{1,9}$' },
    description: 'Id of the last event that was received; the stream continues after it',
  },
};

const parameterSchemas = (schema: z.ZodObject | undefined, where: 'path' | 'query'): readonly JsonSchema[] => {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = embeddedSchema(schema, 'input') as { properties?: Record<string, Record<string, unknown>>; required?: readonly string[] };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name, in: where, required: where === 'path' || required.includes(name), schema: rest, ...(description === undefined ? {} : { description }),
  }));
};

const headersOf = (route: RouteDefinition): readonly JsonSchema[] =>
  [
    ...(route.access === 'tenant' ? ['CorrelationId'] : []),
    ...(route.idempotent === true ? ['IdempotencyKey'] : []),
    ...(route.kind === 'read' ? ['MinPosition'] : []),
    ...(route.kind === 'stream' ? ['LastEventId'] : []),
  ].map((name) => ({ $ref: `#/components/parameters/${name}` }));

const errorAnswers = (route: RouteDefinition): Readonly<Record<string, JsonSchema>> => {
  const byStatus = new Map<number, HttpErrorCode[]>();
  for (const code of errorsOf(route)) byStatus.set(statusOfCode(code), [...(byStatus.get(statusOfCode(code)) ?? []), code]);
  const entries = [...byStatus].sort(([a], [b]) => a - b).map(([status, codes]): [string, JsonSchema] => [
    String(status),
    {
      description: codes.map((code) => `\`${code}\`: ${httpErrorCatalogue[code].title}`).join('\n\n'),
      content: { [problemMediaType]: { schema: { $ref: `${components}Problem` } } },
    },
  ]);
  return Object.fromEntries(entries);
};

const positionHeader = { 'Countersign-Position': { description: 'Log position that the command wrote', schema: { type: 'integer', minimum: 0 } } };

interface SchemaNames {
  readonly answers: Readonly<Record<string, z.ZodType>>;
  readonly requests: Readonly<Record<string, z.ZodType>>;
}

const requestBody = ({ body }: RouteDefinition, { requests }: SchemaNames): JsonSchema => {
  if (body === undefined) return {};
  const schema = { $ref: `${components}${nameOf(requests, body.documented ?? body.schema)}` };
  return { requestBody: { required: body.required, content: Object.fromEntries(body.mediaTypes.map((type) => [type, { schema }])) } };
};

const operation = (route: RouteDefinition, schemas: SchemaNames): JsonSchema => {
  const { answer } = route;
  const answerSchema = answer.schema === undefined ? { type: 'string' } : { $ref: `${components}${nameOf(schemas.answers, answer.schema)}` };
  return {
    operationId: route.operationId, tags: [route.tag], summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    security: route.access === 'tenant' ? [{ bearer: [] }, { apiKey: [] }, {}] : [],
    parameters: [...parameterSchemas(route.params, 'path'), ...parameterSchemas(route.query, 'query'), ...headersOf(route)],
    ...requestBody(route, schemas),
    responses: {
      200: { description: answer.description, ...(route.kind === 'command' ? { headers: positionHeader } : {}), content: { [answer.mediaType]: { schema: answerSchema } } },
      ...errorAnswers(route),
    },
  };
};

const paths = (schemas: SchemaNames): Readonly<Record<string, JsonSchema>> => {
  const result: Record<string, Record<string, JsonSchema>> = {};
  for (const route of allRoutes) (result[route.path] ??= {})[route.method.toLowerCase()] = operation(route, schemas);
  return result;
};

/** The API as OpenAPI 3.1, generated from the route catalogue. */
export const openApiDocument = ({ version }: { readonly version: string }): JsonSchema => {
  const schemas = { answers: answerSchemas(), requests: requestSchemas() };
  return {
    openapi: '3.1.1',
    info: { title: 'Countersign', version, description: 'Runs automations that must not act alone. Every refusal is problem+json with a permanent `code`.', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [...new Set(allRoutes.map((route) => route.tag))].map((name) => ({ name })),
    paths: paths(schemas),
    components: {
      schemas: { ...linkedSchemas(schemas.requests, { io: 'input', prefix: components }), ...linkedSchemas(schemas.answers, { io: 'output', prefix: components }) },
      parameters: headerParameters,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key' },
      },
    },
  };
};
