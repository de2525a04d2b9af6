import { localImplicitTenant, receiveChannelCallback, type CallContext, type ChannelCallbackAnswer, type PayloadInputOf, type RpcReply } from '@cs/contracts';
import type { HttpErrorCode } from '@cs/http-api';
import type { RpcClient } from '@cs/platform';
import type { FastifyRequest } from 'fastify';
import { RateLimit } from '../webhooks/rate-limit.js';

const maxInFlight = 128;
const maxHeaderLength = 8192;
const maxBodyBytes = 256 * 1024;
/** Platforms give up after 3 s. */
const answerMs = 2_500;
const callbackPattern = /^[0-9a-f]{32}$/;

const refusal = (code: HttpErrorCode, message: string, retry_after_s?: number): RpcReply<never> => ({ ok: false, refusal: { code, message }, ...(retry_after_s === undefined ? {} : { retry_after_s }) });

/** Headers as the services take them: one value each, and no cookies. */
const headersOf = ({ headers }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== 'cookie' && entry[1].length <= maxHeaderLength));

const isCompressed = ({ headers }: FastifyRequest): boolean => (headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity';

/** Bodies are bounded before anyone knows whose they are. */
const problemOf = (callback_id: string, request: FastifyRequest, body: Buffer): RpcReply<never> | undefined => {
  if (!callbackPattern.test(callback_id)) return refusal('CHANNEL_NOT_FOUND', 'no channel has this address');
  if (body.length > maxBodyBytes) return refusal('REQUEST_TOO_LARGE', `the body is larger than ${maxBodyBytes / 1024} KiB`);
  return isCompressed(request) ? refusal('REQUEST_MEDIA_TYPE_UNSUPPORTED', 'the body is compressed; send it as it was signed') : undefined;
};

/** Takes what platforms send and hands its bytes on; whose it is and whether it is genuine is found out behind it. */
export class ChannelIntake {
  readonly #rpc: RpcClient;
  readonly #perAddress: RateLimit;
  readonly #now: () => number;
  #inFlight = 0;

  constructor({ rpc, clock, now }: { readonly rpc: RpcClient; /** Monotonic, in ms. */ readonly clock: () => number; /** Unix milliseconds. */ readonly now: () => number }) {
    this.#rpc = rpc;
    this.#now = now;
    this.#perAddress = new RateLimit({ burst: 400, perSecond: 100, clock });
  }

  async receive(callback_id: string, request: FastifyRequest): Promise<RpcReply<ChannelCallbackAnswer>> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const problem = problemOf(callback_id, request, body) ?? this.#limited(callback_id);
    if (problem !== undefined) return problem;
    this.#inFlight += 1;
    try {
      return await this.#forward({ callback_id, headers: headersOf(request), body_base64: body.toString('base64'), received_at_ms: this.#now() }, request.correlationId);
    } finally {
      this.#inFlight -= 1;
    }
  }

  #limited(callback_id: string): RpcReply<never> | undefined {
    const wait = this.#inFlight >= maxInFlight ? 1 : this.#perAddress.take(callback_id);
    return wait > 0 ? refusal('RATE_LIMITED', 'too many callbacks', wait) : undefined;
  }

  #forward(payload: PayloadInputOf<typeof receiveChannelCallback>, correlation_id: string): Promise<RpcReply<ChannelCallbackAnswer>> {
    // Nobody in particular asks: the tenant is the channel's, and who acts is for its platform to say.
    const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'channel' }, correlation_id };
    return this.#rpc.call(receiveChannelCallback, { context, payload, timeoutMs: answerMs });
  }
}
