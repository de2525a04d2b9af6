import { commandIdSchema, describeProblems, problemsOf, respell, type Problem } from '@cs/contracts';
import type { HttpErrorCode, ProblemSource, RouteDefinition, RouteInput } from '@cs/http-api';
import { accepted, parsePosition, type Result } from '@cs/kernel';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decodeBody } from './body.js';

const refuse = (code: HttpErrorCode, problems: readonly Problem[]): { readonly ok: false; readonly refusal: ProblemSource } => ({
  ok: false, refusal: { code, message: describeProblems(problems), details: { problems } },
});

type Read<Value> = Result<Value, ProblemSource>;

const noQuery = z.strictObject({});

const parse = (schema: z.ZodType | undefined, value: unknown, code: HttpErrorCode): Read<unknown> => {
  if (schema === undefined) return accepted({});
  const parsed = schema.safeParse(value);
  return parsed.success ? accepted(parsed.data) : refuse(code, problemsOf(parsed.error));
};

const readQuery = (route: RouteDefinition, query: unknown): Read<unknown> => {
  const read = parse(route.query ?? noQuery, query, 'REQUEST_QUERY_INVALID');
  if (read.ok || !Array.isArray(read.refusal.details?.['problems'])) return read;
  const problems: readonly Problem[] = read.refusal.details['problems'];
  return refuse('REQUEST_QUERY_INVALID', problems.map((problem) =>
    problem.code === 'unknown_member' ? { ...problem, code: 'unknown_parameter', message: 'this route has no such query parameter' } : problem));
};

interface Headers {
  readonly commandId: string | undefined;
  readonly minPosition: number | undefined;
}

const text = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header.join(', ') : header);

const readCommandId = (header: string | undefined): Read<string | undefined> => {
  if (header === undefined) return accepted(undefined);
  const parsed = commandIdSchema.safeParse(header);
  return parsed.success ? accepted(parsed.data) : refuse('REQUEST_HEADER_INVALID', [{ path: 'Idempotency-Key', code: 'invalid_header', message: 'expected 1 to 128 visible ASCII characters' }]);
};

const readMinPosition = (header: string | undefined): Read<number | undefined> => {
  if (header === undefined) return accepted(undefined);
  const position = parsePosition(header);
  return position === undefined ? refuse('REQUEST_HEADER_INVALID', [{ path: 'Countersign-Min-Position', code: 'invalid_header', message: 'expected a log position, as an answer\'s Countersign-Position gives it' }]) : accepted(position);
};

const readHeaders = (route: RouteDefinition, headers: FastifyRequest['headers']): Read<Headers> => {
  const commandId = readCommandId(route.idempotent ? text(headers['idempotency-key']) : undefined);
  if (!commandId.ok) return commandId;
  const minPosition = readMinPosition(route.kind === 'read' ? text(headers['countersign-min-position']) : undefined);
  return minPosition.ok ? accepted({ commandId: commandId.value, minPosition: minPosition.value }) : minPosition;
};

const readBody = ({ body }: RouteDefinition, request: FastifyRequest): Read<unknown> => {
  if (body === undefined) return accepted(undefined);
  const bytes = Buffer.isBuffer(request.body) ? request.body : undefined;
  const decoded = decodeBody({ bytes, contentType: request.headers['content-type'], contentEncoding: request.headers['content-encoding'] }, body);
  return decoded.ok ? parse(body.schema, decoded.value === undefined ? {} : respell(decoded.value), 'REQUEST_BODY_INVALID') : decoded;
};

/** Parses what a request carries, once, by the schemas of its route. The first part that is wrong is refused with all its problems. */
export const readInput = <Route extends RouteDefinition>(route: Route, request: FastifyRequest): Read<RouteInput<Route>> => {
  const params = parse(route.params, request.params, 'REQUEST_PATH_INVALID');
  if (!params.ok) return params;
  const query = readQuery(route, request.query);
  if (!query.ok) return query;
  const headers = readHeaders(route, request.headers);
  if (!headers.ok) return headers;
  const body = readBody(route, request);
  // The catalogue's schemas produced the values, so they have the route's types.
  return body.ok ? accepted({ params: params.value, query: query.value, body: body.value, ...headers.value } as RouteInput<Route>) : body;
};
