import { localImplicitTenant, receiveWebhook, webhookBodyLimits, type CallContext, type PayloadInputOf, type RpcReply, type WebhookReceipt } from '@cs/contracts';
import type { HttpErrorCode } from '@cs/http-api';
import type { RpcClient } from '@cs/platform';
import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { isLocallyAddressed, isLoopbackPeer, wasForwarded } from '../identity/loopback.js';
import { RateLimit } from './rate-limit.js';

const maxInFlight = 64;
const maxHeaderLength = 4096;
const tokenPattern = /^[A-Za-z0-9_-]{20,128}$/;

const refusal = (code: HttpErrorCode, message: string, retry_after_s?: number): RpcReply<never> => ({ ok: false, refusal: { code, message }, ...(retry_after_s === undefined ? {} : { retry_after_s }) });

/** Headers as the services take them: one value each, and no cookies. */
const headersOf = ({ headers }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== 'cookie' && entry[1].length <= maxHeaderLength));

const isLocal = ({ headers, socket }: FastifyRequest): boolean =>
  isLoopbackPeer(socket.remoteAddress) && !wasForwarded(headers) && isLocallyAddressed(headers, socket.localPort ?? 0);

const isCompressed = ({ headers }: FastifyRequest): boolean => (headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity';

/** Bodies are bounded before anyone knows whose they are. */
const problemOf = (request: FastifyRequest, body: Buffer): RpcReply<never> | undefined => {
  if (body.length > webhookBodyLimits.github) return refusal('WEBHOOK_TOO_LARGE', `the body is larger than ${webhookBodyLimits.github / 1024} KiB`);
  return isCompressed(request) ? refusal('REQUEST_MEDIA_TYPE_UNSUPPORTED', 'the body is compressed; send it as it was signed') : undefined;
};

/**
 * Takes webhooks from anyone and hands their bytes on; who they are for and whether they are genuine is found
 * out behind it. Bounded for each address, each sender and all together.
 */
export class WebhookIntake {
  readonly #rpc: RpcClient;
  readonly #perToken: RateLimit;
  readonly #perSender: RateLimit;
  #inFlight = 0;

  constructor({ rpc, clock }: { readonly rpc: RpcClient; readonly clock: () => number }) {
    this.#rpc = rpc;
    this.#perToken = new RateLimit({ burst: 200, perSecond: 20, clock });
    this.#perSender = new RateLimit({ burst: 400, perSecond: 40, clock });
  }

  async receive(public_token: string, request: FastifyRequest): Promise<RpcReply<WebhookReceipt>> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const problem = this.#limited(public_token, request) ?? problemOf(request, body);
    if (problem !== undefined) return problem;
    if (!tokenPattern.test(public_token)) return refusal('WEBHOOK_TRIGGER_NOT_FOUND', 'there is no webhook at this address');
    this.#inFlight += 1;
    try {
      return await this.#forward({ public_token, headers: headersOf(request), body_base64: body.toString('base64'), is_local: isLocal(request) }, request.correlationId);
    } finally {
      this.#inFlight -= 1;
    }
  }

  #limited(token: string, { socket }: FastifyRequest): RpcReply<never> | undefined {
    if (this.#inFlight >= maxInFlight) return refusal('SERVICE_UNAVAILABLE', 'too many webhooks are being taken in at once', 1);
    // Tokens are not kept, not even in memory.
    const wait = Math.max(this.#perSender.take(socket.remoteAddress ?? ''), this.#perToken.take(createHash('sha256').update(token).digest('base64')));
    return wait > 0 ? refusal('RATE_LIMITED', 'too many webhooks', wait) : undefined;
  }

  #forward(payload: PayloadInputOf<typeof receiveWebhook>, correlation_id: string): Promise<RpcReply<WebhookReceipt>> {
    // Nobody in particular asks: the tenant is the trigger's.
    const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'webhook' }, correlation_id };
    return this.#rpc.call(receiveWebhook, { context, payload });
  }
}
