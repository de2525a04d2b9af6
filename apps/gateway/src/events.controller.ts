import { Controller, Inject, Req, Res } from '@nestjs/common';
import { routes, type HttpErrorCode, type ProblemSource, type RouteInput } from '@cs/http-api';
import { accepted, type Result } from '@cs/kernel';
import { LOGGER, type Logger } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterCommit, parseEventId, type EventId } from './events/event-id.js';
import { EventStream } from './events/event-stream.js';
import { EventStreams } from './events/event-streams.js';
import { filterSubjects } from './events/event-subjects.js';
import type { EventSubscription } from './events/event-source.adapter.js';
import { callContext, type Exchange } from './http/exchange.js';
import { Handles } from './http/handles.js';
import { sendProblem } from './http/problem-answer.js';
import { readInput } from './http/read-input.js';

const times = { heartbeatMs: 15_000, stalledMs: 10_000 };
const route = routes.streamEvents;
const headerInvalid: HttpErrorCode = 'REQUEST_HEADER_INVALID';

/** `Last-Event-ID` wins over `after_position`: a browser that reconnects sends the address it began with. */
const startAfter = ({ headers }: FastifyRequest, { query }: RouteInput<typeof route>): Result<EventId | undefined, ProblemSource> => {
  const sent = headers['last-event-id'];
  if (sent === undefined || sent === '') return accepted(query.after_position === undefined ? undefined : afterCommit(query.after_position));
  const id = typeof sent === 'string' ? parseEventId(sent) : undefined;
  if (id !== undefined) return accepted(id);
  const problem = { path: 'Last-Event-ID', code: 'invalid_header', message: 'expected the id of an event of this stream, like 1024.0' };
  return { ok: false, refusal: { code: headerInvalid, message: `Last-Event-ID: ${problem.message}`, details: { problems: [problem] } } };
};

/** The published events of the caller's tenant as server-sent events. */
@Controller()
export class EventsController {
  readonly #streams: EventStreams;
  readonly #logger: Logger;

  constructor(streams: EventStreams, @Inject(LOGGER) logger: Logger) {
    this.#streams = streams;
    this.#logger = logger;
  }

  @Handles(route)
  async stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const exchange: Exchange = { request, reply };
    const opened = await this.#open(request);
    if (!opened.ok) return sendProblem(exchange, opened.refusal);
    await this.#follow(exchange, opened.value);
  }

  async #open(request: FastifyRequest): Promise<Result<EventSubscription, ProblemSource>> {
    const input = readInput(route, request);
    if (!input.ok) return input;
    const after = startAfter(request, input.value);
    if (!after.ok) return after;
    const { tenant } = callContext(request);
    return this.#streams.open({ tenant: `${tenant.org_id}/${tenant.workspace_id}`, subjects: filterSubjects(tenant, input.value.query), after: after.value });
  }

  async #follow({ request, reply }: Exchange, subscription: EventSubscription): Promise<void> {
    reply.hijack();
    try {
      for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value);
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
      await new EventStream(reply.raw, times).run(subscription);
    } catch (error) {
      this.#logger.warn({ err: error, correlation_id: request.correlationId }, 'an event stream was interrupted');
      reply.raw.destroy();
    } finally {
      await subscription.close();
    }
  }
}
