import { z } from 'zod';
import { callContextSchema } from '../call-context.schema.js';

/** A request/reply method between services: subject `cs.rpc.{service}.{name}`. */
export interface RpcMethod<Payload extends z.ZodType = z.ZodType, Reply = unknown> {
  readonly subject: string;
  readonly payload: Payload;
  /** Type only; replies are trusted, because only our own services answer. */
  readonly reply?: Reply;
}

export const rpcMethod =
  <Reply>() =>
  <Payload extends z.ZodType>(subject: string, payload: Payload): RpcMethod<Payload, Reply> => ({ subject, payload });

export type PayloadOf<Method> = Method extends RpcMethod<infer Payload, unknown> ? z.output<Payload> : never;
export type PayloadInputOf<Method> = Method extends RpcMethod<infer Payload, unknown> ? z.input<Payload> : never;
export type ReplyOf<Method> = Method extends RpcMethod<z.ZodType, infer Reply> ? Reply : never;

export const rpcRequestSchema = <Payload extends z.ZodType>(payload: Payload) =>
  z.object({ context: callContextSchema, payload, /** Of the call, as W3C Trace Context; says nothing about who calls. */ traceparent: z.string().max(256).optional() });

/** What every method answers: a value and the position written, if any, or a refusal. Methods never throw to the caller. */
export const rpcReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown(), position: z.int().nonnegative().optional() }),
  z.object({
    ok: z.literal(false),
    refusal: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).optional() }),
    retry_after_s: z.int().positive().optional(),
  }),
]);
export type RpcReply<Value = unknown> =
  | { readonly ok: true; readonly value: Value; readonly position?: number }
  | { readonly ok: false; readonly refusal: { readonly code: string; readonly message: string; readonly details?: Record<string, unknown> }; readonly retry_after_s?: number };
