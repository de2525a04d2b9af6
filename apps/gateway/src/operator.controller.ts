import { Controller, Inject, Req, Res } from '@nestjs/common';
import * as operator from '@cs/contracts';
import type { CallContext, OperatedRunReply, OperatedTaskReply, PayloadInputOf, ReplyOf, ResetPreview, RpcMethod, RpcReply } from '@cs/contracts';
import { routes, runAnswer, type RouteInput } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { serve } from './http/serve.js';

const operated = ({ run }: OperatedRunReply) => ({ ok: true, ...runAnswer(run) });
const cancelled = (reply: OperatedRunReply) => ({ ...operated(reply), ...(reply.already_terminal === true ? { alreadyTerminal: true } : {}) });
const previewed = (preview: ResetPreview) => ({ ...preview, preserves_upstream_outputs: true });
const judged = (reply: OperatedRunReply) => ({ ...operated(reply), changed: reply.changed === true });
const reset = ({ run, ...rest }: OperatedTaskReply) => ({ ok: true, ...runAnswer(run), ...rest });

/** What operators do to runs and to their nodes. */
@Controller()
export class OperatorController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.pauseRun)
  pause(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.pauseRun, { request, reply }, { call: this.#command(operator.pauseRun), view: operated });
  }

  @Handles(routes.resumeRun)
  resume(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.resumeRun, { request, reply }, { call: this.#command(operator.resumeRun), view: operated });
  }

  @Handles(routes.cancelRun)
  cancel(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.cancelRun, { request, reply }, { call: this.#command(operator.cancelRun), view: cancelled });
  }

  @Handles(routes.recoverRun)
  recover(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.recoverRun, { request, reply }, { call: this.#command(operator.recoverRun), view: operated });
  }

  @Handles(routes.repairRun)
  repair(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.repairRun, { request, reply }, { call: this.#command(operator.repairRun), view: reset });
  }

  @Handles(routes.retryTask)
  retry(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.retryTask, { request, reply }, { call: this.#command(operator.retryTask), view: reset });
  }

  @Handles(routes.requeueTask)
  requeue(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.requeueTask, { request, reply }, { call: this.#command(operator.requeueTask), view: reset });
  }

  @Handles(routes.continueTask)
  continue(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.continueTask, { request, reply }, { call: this.#command(operator.continueTask), view: reset });
  }

  @Handles(routes.previewReset)
  previewReset(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.previewReset, { request, reply }, { call: this.#command(operator.previewReset), view: previewed });
  }

  @Handles(routes.setDisposition)
  setDisposition(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.setDisposition, { request, reply }, { call: this.#command(operator.setDisposition), view: judged });
  }

  @Handles(routes.reconcileEffect)
  reconcile(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.reconcileEffect, { request, reply }, { call: this.#command(operator.reconcileEffect), view: operated });
  }

  /** Calls a method with what the request says: its body, its path, and its idempotency key. */
  #command<Method extends RpcMethod>(method: Method): (input: Pick<RouteInput<never>, 'commandId'> & { readonly params: object; readonly body: unknown }, context: CallContext) => Promise<RpcReply<ReplyOf<Method>>> {
    return ({ params, body, commandId }, context) =>
      this.#rpc.call(method, { context, payload: { ...(body as object | undefined), ...params, ...(commandId === undefined ? {} : { command_id: commandId }) } as PayloadInputOf<Method> });
  }
}
