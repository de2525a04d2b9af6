import { Controller, Inject, Req, Res } from '@nestjs/common';
import { getRunSnapshot, getStatefulRun, importRunHistory, listDeadLetters, listRunEvents, listRunSnapshots, listStatefulRuns, observeRun, replayRun } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve, serveWritten } from './http/serve.js';

/** What the projections know: timelines, dead letters. */
@Controller()
export class StatefulRuntimeController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.listStatefulRuns)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listStatefulRuns, { request, reply }, {
      call: ({ query: { source, kind = source, ...query }, minPosition }, context) => this.#rpc.call(listStatefulRuns, { context, payload: { ...query, kind, min_position: minPosition } }),
      view: (page) => pageOf('runs', page),
    });
  }

  @Handles(routes.getStatefulRun)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getStatefulRun, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(getStatefulRun, { context, payload: { ...query, ...params, min_position: minPosition } }),
      view: (found) => found,
    });
  }

  @Handles(routes.listRunEvents)
  events(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listRunEvents, { request, reply }, {
      call: ({ params, query: { since_seq, after_seq = since_seq, ...query }, minPosition }, context) =>
        this.#rpc.call(listRunEvents, { context, payload: { ...query, after_seq, ...params, min_position: minPosition } }),
      view: (events) => events,
    });
  }

  @Handles(routes.importRunHistory)
  importHistory(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.importRunHistory, { request, reply }, {
      call: ({ body }, context) => this.#rpc.call(importRunHistory, { context, payload: body }),
      view: (imported) => ({ ok: true, ...imported }),
    });
  }

  @Handles(routes.listRunSnapshots)
  snapshots(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listRunSnapshots, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(listRunSnapshots, { context, payload: { ...query, ...params, min_position: minPosition } }),
      view: (snapshots) => snapshots,
    });
  }

  @Handles(routes.getRunSnapshot)
  snapshot(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getRunSnapshot, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(getRunSnapshot, { context, payload: { ...params, min_position: minPosition } }),
      view: (found) => found,
    });
  }

  @Handles(routes.replayRun)
  replay(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.replayRun, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(replayRun, { context, payload: { ...query, ...params, min_position: minPosition } }),
      view: (replayed) => replayed,
    });
  }

  @Handles(routes.observeRun)
  observe(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serveWritten(routes.observeRun, { request, reply }, ({ params, query, minPosition }, context) =>
      this.#rpc.relay(observeRun, { context, payload: { ...query, ...params, min_position: minPosition } }));
  }

  @Handles(routes.listDeadLetters)
  deadLetters(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listDeadLetters, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listDeadLetters, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('dead_letters', page),
    });
  }
}
