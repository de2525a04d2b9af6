import { rpcReplySchema, type CallContext, type ErrorCode, type PayloadInputOf, type ReplyOf, type RpcMethod, type RpcReply } from '@cs/contracts';
import { currentTraceparent, inSpan, markCurrent, runAttribute } from '@cs/telemetry';
import type { ClientNats } from '@nestjs/microservices';
import { firstValueFrom, timeout, TimeoutError } from 'rxjs';
import type { RpcMeter } from './rpc-metrics.js';
import { methodName, outcomeOf } from './rpc-outcome.js';
import { markReply, rpcSpan } from './rpc-span.js';
import { WrittenValue } from './written-replies.js';

export interface RpcCall<Method extends RpcMethod> {
  readonly context: CallContext;
  readonly payload: PayloadInputOf<Method>;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

const noAnswer = (message: string): RpcReply<never> => ({
  ok: false, refusal: { code: 'SERVICE_UNAVAILABLE' satisfies ErrorCode, message }, retry_after_s: 1,
});

const describe = (error: unknown, timeoutMs: number): string => {
  if (error instanceof TimeoutError) return `no answer in ${timeoutMs} ms; whether a command took effect is not known`;
  // Nest neither exports the class nor sets its name.
  if (error instanceof Error && error.constructor.name === 'EmptyResponseException') return 'no instance of the service is running';
  return 'the service cannot be reached';
};

export interface RpcClientOptions {
  readonly client: ClientNats;
  readonly isConnected: () => boolean;
  /** Told why a call had no answer. */
  readonly onError: (error: unknown, subject: string) => void;
  readonly meter: RpcMeter;
}

/** The calling side: a value or a refusal, never an exception. */
export class RpcClient {
  readonly #client: ClientNats;
  readonly #isConnected: () => boolean;
  readonly #onError: (error: unknown, subject: string) => void;
  readonly #meter: RpcMeter;

  constructor({ client, isConnected, onError, meter }: RpcClientOptions) {
    this.#client = client;
    this.#isConnected = isConnected;
    this.#onError = onError;
    this.#meter = meter;
  }

  async call<Method extends RpcMethod>(method: Method, call: RpcCall<Method>): Promise<RpcReply<ReplyOf<Method>>> {
    const reply = await this.#ask(method, call);
    if (!reply.ok || !(reply.value instanceof WrittenValue)) return reply as RpcReply<ReplyOf<Method>>;
    return { ...reply, value: reply.value.read() as ReplyOf<Method> };
  }

  /** The same, with the value as JSON in UTF-8: for who passes it on without a look at it. */
  async relay<Method extends RpcMethod>(method: Method, call: RpcCall<Method>): Promise<RpcReply<Uint8Array>> {
    const reply = await this.#ask(method, call);
    if (!reply.ok) return reply;
    return { ...reply, value: reply.value instanceof WrittenValue ? reply.value.bytes : Buffer.from(JSON.stringify(reply.value)) };
  }

  async #ask(method: RpcMethod, call: RpcCall<RpcMethod>): Promise<RpcReply> {
    const startedAt = performance.now();
    const reply = await this.#trace(method, call);
    this.#meter(methodName(method), outcomeOf(reply), (performance.now() - startedAt) / 1000);
    return reply;
  }

  /** Within something that is traced the call is a part of it. */
  async #trace(method: RpcMethod, call: RpcCall<RpcMethod>): Promise<RpcReply> {
    if (currentTraceparent() === undefined) return await this.#send(method, call);
    const reply = await inSpan(rpcSpan(method, { kind: 'client', context: call.context, payload: call.payload }), async (span) => {
      const answered = await this.#send(method, call, span.traceparent);
      markReply(span, answered);
      return answered;
    });
    if (reply.ok) markCurrent(runAttribute(reply.value));
    return reply;
  }

  async #send(method: RpcMethod, { context, payload, timeoutMs = 10_000 }: RpcCall<RpcMethod>, traceparent?: string): Promise<RpcReply> {
    if (!this.#isConnected()) return noAnswer('the message broker cannot be reached');
    try {
      const raw: unknown = await firstValueFrom(this.#client.send(method.subject, { context, payload, ...(traceparent === undefined ? {} : { traceparent }) }).pipe(timeout(timeoutMs)));
      return rpcReplySchema.parse(raw) as RpcReply;
    } catch (error) {
      this.#onError(error, method.subject);
      return noAnswer(describe(error, timeoutMs));
    }
  }
}
