import { describeProblems, problemsOf, rpcRequestSchema, type CallContext, type ErrorCode, type PayloadOf, type ReplyOf, type RpcMethod, type RpcReply } from '@cs/contracts';
import { LogUnavailableError } from '@cs/eventing';
import type { JsonText } from '@cs/kernel';
import { inSpan } from '@cs/telemetry';
import type { z } from 'zod';
import type { Logger } from './logger.js';
import { markReply, rpcSpan } from './rpc-span.js';

export const refusal = (code: ErrorCode, message: string, details?: Record<string, unknown>): RpcReply<never> => ({
  ok: false, refusal: { code, message, ...(details === undefined ? {} : { details }) },
});

const unavailable = (message: string): RpcReply<never> => ({ ok: false, refusal: { code: 'LOG_UNAVAILABLE' satisfies ErrorCode, message }, retry_after_s: 1 });

const failure = (error: unknown, logger: Logger, correlation_id: string): RpcReply<never> => {
  if (error instanceof LogUnavailableError) {
    logger.warn({ err: error, correlation_id }, 'log unavailable');
    return unavailable('the event log cannot be reached; whether the command took effect is not known');
  }
  logger.error({ err: error, correlation_id }, 'call failed');
  return refusal('INTERNAL', 'the service could not do this', { correlation_id });
};

/**
 * The answering side of a method: reads the request, calls the handler, and turns what it throws into
 * a refusal, so that a caller always gets an answer and never a stack trace. A value that is written
 * already goes out as it is.
 */
export const answerRpc = <Method extends RpcMethod, Reply extends ReplyOf<Method> | JsonText<ReplyOf<Method>> = ReplyOf<Method>>(
  method: Method,
  logger: Logger,
  handler: (payload: PayloadOf<Method>, context: CallContext) => Promise<RpcReply<Reply>>,
): ((raw: unknown) => Promise<RpcReply<Reply>>) => {
  const schema: z.ZodType<{ context: CallContext; payload: unknown; traceparent?: string | undefined }> = rpcRequestSchema(method.payload);
  return async (raw) => {
    const request = schema.safeParse(raw);
    if (!request.success) return refusal('REQUEST_BODY_INVALID', describeProblems(problemsOf(request.error)), { problems: problemsOf(request.error) });
    const { context, payload, traceparent } = request.data;
    const answer = async (): Promise<RpcReply<Reply>> => {
      try {
        return await handler(payload as PayloadOf<Method>, context);
      } catch (error) {
        return failure(error, logger, context.correlation_id);
      }
    };
    if (traceparent === undefined) return await answer();
    return await inSpan(rpcSpan(method, { kind: 'server', context, payload, received: { traceparent } }), async (span) => {
      const reply = await answer();
      markReply(span, reply);
      return reply;
    });
  };
};
