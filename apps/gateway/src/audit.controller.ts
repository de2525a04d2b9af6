import { Controller, Inject, Req, Res } from '@nestjs/common';
import { listAuditRecords, verifyAudit, type AuditExportBegun, type AuditFilter, type CallContext } from '@cs/contracts';
import { routes, type HttpErrorCode } from '@cs/http-api';
import { LOGGER, RPC_CLIENT, type Logger, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { askForExport, exportLines } from './audit/audit-export.js';
import { TenantSlots } from './audit/tenant-slots.js';
import { verifyWhole } from './audit/whole-verification.js';
import { callContext, type Exchange } from './http/exchange.js';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { problemAnswer, sendProblem } from './http/problem-answer.js';
import { readInput } from './http/read-input.js';
import { serve } from './http/serve.js';

/** Verifications and exports of one tenant at once. */
const perTenant = 2;
/** A client that takes nothing for so long is disconnected. */
const stalledMs = 30_000;
const busy = { code: 'RATE_LIMITED' as HttpErrorCode, message: `${perTenant} verifications or exports of this workspace are running, which is the maximum`, retryAfterS: 5 };

const filterOf = ({ from_ms, until_ms, types }: { from_ms?: number | undefined; until_ms?: number | undefined; types?: readonly string[] | undefined }): AuditFilter => ({ from_ms, until_ms, event_types: types });

/** The protected audit of the caller's tenant. */
@Controller()
export class AuditController {
  readonly #rpc: RpcClient;
  readonly #logger: Logger;
  readonly #slots = new TenantSlots(perTenant);

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient, @Inject(LOGGER) logger: Logger) {
    this.#rpc = rpc;
    this.#logger = logger;
  }

  @Handles(routes.verifyAudit)
  async verify(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const release = this.#slots.take(callContext(request).tenant);
    if (release === undefined) return problemAnswer({ request, reply }, busy);
    try {
      return await serve(routes.verifyAudit, { request, reply }, {
        call: ({ query, minPosition }, context) =>
          verifyWhole((checkpoint) => this.#rpc.call(verifyAudit, { context, payload: { checkpoint, min_position: minPosition } }), { checkpoint: query.checkpoint, clock: () => performance.now() }),
        view: (verification) => verification,
      });
    } finally {
      release();
    }
  }

  @Handles(routes.listAuditRecords)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listAuditRecords, { request, reply }, {
      call: ({ query: { types, ...query }, minPosition }, context) => this.#rpc.call(listAuditRecords, { context, payload: { ...query, event_types: types, min_position: minPosition } }),
      view: (page) => pageOf('records', page),
    });
  }

  @Handles(routes.exportAudit)
  async export(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const exchange: Exchange = { request, reply };
    const input = readInput(routes.exportAudit, request);
    if (!input.ok) return sendProblem(exchange, input.refusal);
    const context = callContext(request);
    const release = this.#slots.take(context.tenant);
    if (release === undefined) return sendProblem(exchange, busy);
    try {
      const begun = await askForExport(this.#rpc, context, filterOf(input.value.query));
      if (!begun.ok) return sendProblem(exchange, { ...begun.refusal, retryAfterS: begun.retry_after_s });
      await this.#send(exchange, context, begun.value);
    } finally {
      release();
    }
  }

  /** A client that takes nothing holds up the reading, not the memory. One that gets no last line knows that it has not everything. */
  async #send({ request, reply }: Exchange, context: CallContext, begun: AuditExportBegun): Promise<void> {
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8', 'content-disposition': `attachment; filename="audit-${begun.export_id}.ndjson"` });
    reply.raw.setTimeout(stalledMs, () => reply.raw.destroy());
    try {
      await pipeline(Readable.from(exportLines(this.#rpc, context, begun), { highWaterMark: 1 }), reply.raw);
    } catch (error) {
      this.#logger.warn({ err: error, correlation_id: request.correlationId, export_id: begun.export_id }, 'an export of the audit was interrupted');
      reply.raw.destroy();
    }
  }
}
