import type { z } from 'zod';
import type { HttpErrorCode } from './http-error-catalogue.js';

export interface RouteBody {
  /** What the gateway checks. */
  readonly schema: z.ZodType;
  /** What the documentation shows, where a service checks more than the gateway does. */
  readonly documented?: z.ZodType;
  readonly mediaTypes: readonly ('application/json' | 'application/yaml' | 'application/x-www-form-urlencoded')[];
  /** False: no body counts as `{}`. */
  readonly required: boolean;
}

export interface RouteAnswer {
  readonly description: string;
  readonly mediaType: string;
  /** Absent for answers that are not JSON. */
  readonly schema?: z.ZodType;
}

/** One HTTP route: what the gateway parses, what it answers, and what the documentation says about it. */
export interface RouteDefinition {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `{name}` stands for a path parameter. */
  readonly path: `/${string}`;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** `tenant` routes need credentials and see only their tenant; a `page` takes the session of a browser too, and asks to sign in. */
  readonly access: 'tenant' | 'page' | 'public';
  /**
   * A `command` answers `Countersign-Position`. A `read` is answered from the projection and takes
   * `Countersign-Min-Position`; a `log-read` is answered from the log, which is never behind.
   */
  readonly kind: 'command' | 'read' | 'log-read' | 'stream' | 'document';
  /** Takes `Idempotency-Key`. */
  readonly idempotent?: true;
  readonly params?: z.ZodObject;
  /** Strict: a query parameter that is not here is refused. */
  readonly query?: z.ZodObject;
  readonly body?: RouteBody;
  readonly answer: RouteAnswer;
  /** Codes of this route beside those that its kind implies (`errorsOf`). */
  readonly errors: readonly HttpErrorCode[];
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : Record<string, never>;

/** What a handler gets: parsed once, by the route's own schemas. */
export interface RouteInput<Route extends RouteDefinition> {
  readonly params: Parsed<Route['params']>;
  readonly query: Parsed<Route['query']>;
  readonly body: Route['body'] extends { readonly schema: infer Schema } ? Parsed<Schema> : undefined;
  /** From `Idempotency-Key`. */
  readonly commandId: string | undefined;
  /** From `Countersign-Min-Position`. */
  readonly minPosition: number | undefined;
}

export const defineRoute = <const Route extends RouteDefinition>(route: Route): Route => route;

const kindErrors: Readonly<Record<RouteDefinition['kind'], readonly HttpErrorCode[]>> = {
  command: ['SERVICE_UNAVAILABLE', 'LOG_UNAVAILABLE', 'CONCURRENT_CHANGE', 'IDEMPOTENCY_KEY_REUSED', 'INTERNAL'],
  read: ['REQUEST_HEADER_INVALID', 'SERVICE_UNAVAILABLE', 'PROJECTION_UNAVAILABLE', 'PROJECTION_BEHIND', 'ANSWER_TOO_LARGE', 'INTERNAL'],
  'log-read': ['SERVICE_UNAVAILABLE', 'LOG_UNAVAILABLE', 'INTERNAL'],
  stream: ['SERVICE_UNAVAILABLE', 'INTERNAL'],
  document: ['INTERNAL'],
};
const bodyErrors: readonly HttpErrorCode[] = ['REQUEST_BODY_MALFORMED', 'REQUEST_BODY_INVALID', 'REQUEST_TOO_LARGE', 'REQUEST_MEDIA_TYPE_UNSUPPORTED'];

/** Every code that a route can answer, each once. */
export const errorsOf = (route: RouteDefinition): readonly HttpErrorCode[] => {
  const codes = new Set<HttpErrorCode>();
  const add = (when: boolean, ...more: readonly HttpErrorCode[]): void => {
    if (when) for (const code of more) codes.add(code);
  };
  add(route.access === 'tenant', 'UNAUTHENTICATED', 'REQUEST_ORIGIN_FORBIDDEN');
  add(route.params !== undefined, 'REQUEST_PATH_INVALID');
  add(route.access === 'tenant', 'REQUEST_QUERY_INVALID');
  add(route.idempotent === true, 'REQUEST_HEADER_INVALID');
  add(route.body !== undefined, ...bodyErrors);
  add(true, ...route.errors, ...kindErrors[route.kind]);
  return [...codes];
};
