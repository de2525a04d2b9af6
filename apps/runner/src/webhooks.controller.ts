import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { changeTrigger, consequential, createTrigger, receiveWebhook as receive, replayDelivery, rotateSecret, rotateToken, type IncomingWebhook, type Shown } from '@cs/automation-application';
import {
  createWebhookTrigger, deleteWebhookTrigger, disableWebhookTrigger, enableWebhookTrigger, patchWebhookTrigger, receiveWebhook, replayWebhookDelivery, rotateWebhookSecret, rotateWebhookToken,
  type CallContext, type PayloadOf, type RpcReply,
} from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { WEBHOOK_OPTIONS } from './tokens.js';
import type { WebhookOptions } from './webhook-providers.js';

const shown = <Value>(result: Result<Shown<Value>>): RpcReply<Value> => (result.ok ? { ok: true, value: result.value.value, position: result.value.position } : result);

const incomingOf = ({ public_token, headers, body_base64, is_local }: PayloadOf<typeof receiveWebhook>): IncomingWebhook => {
  const body = Buffer.from(body_base64, 'base64');
  return { public_token, headers, body, is_local, digest: createHash('sha256').update(body).digest('hex'), text: isUtf8(body) ? body.toString('utf8') : undefined };
};

/** The members that are given: a change leaves the others as they are. */
const given = <Members extends object>(members: Members): { [Name in keyof Members]: Exclude<Members[Name], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [Name in keyof Members]: Exclude<Members[Name], undefined> };

/** Webhook triggers, and what comes in on their addresses. */
@Controller()
export class WebhooksController {
  readonly #handlers: ReadonlyMap<string, (raw: unknown) => Promise<RpcReply>>;

  constructor(@Inject(WEBHOOK_OPTIONS) options: WebhookOptions, @Inject(LOGGER) logger: Logger) {
    // An address that starts runs would let an agent start them without an approval.
    const byPerson = <Value>(context: CallContext, automation_id: string, command: () => Promise<Result<Value>>): Promise<Result<Value>> =>
      consequential(options, context, { attempt: { action: 'webhook_trigger', resource_kind: 'automation', resource_id: automation_id }, command });
    const toggle = (method: typeof enableWebhookTrigger, type: 'enable' | 'disable' | 'delete') =>
      answerRpc(method, logger, async (payload, context) => shown(await byPerson(context, payload.automation_id, () => changeTrigger(options, context, { ...payload, command: { type } }))));
    this.#handlers = new Map<string, (raw: unknown) => Promise<RpcReply>>([
      [createWebhookTrigger.subject, answerRpc(createWebhookTrigger, logger, async (payload, context) => shown(await byPerson(context, payload.automation_id, () => createTrigger(options, context, given(payload)))))],
      [patchWebhookTrigger.subject, answerRpc(patchWebhookTrigger, logger, async ({ automation_id, trigger_id, ...change }, context) => shown(await byPerson(context, automation_id, () => changeTrigger(options, context, { automation_id, trigger_id, command: { type: 'update', change: given(change) } }))))],
      [rotateWebhookSecret.subject, answerRpc(rotateWebhookSecret, logger, async (payload, context) => shown(await byPerson(context, payload.automation_id, () => rotateSecret(options, context, payload))))],
      [rotateWebhookToken.subject, answerRpc(rotateWebhookToken, logger, async (payload, context) => shown(await byPerson(context, payload.automation_id, () => rotateToken(options, context, payload))))],
      [enableWebhookTrigger.subject, toggle(enableWebhookTrigger, 'enable')],
      [disableWebhookTrigger.subject, toggle(disableWebhookTrigger, 'disable')],
      [deleteWebhookTrigger.subject, toggle(deleteWebhookTrigger, 'delete')],
      [replayWebhookDelivery.subject, answerRpc(replayWebhookDelivery, logger, async (payload, context) => {
        const result = await byPerson(context, payload.automation_id, () => replayDelivery(options, context, payload));
        return result.ok ? { ok: true, value: { delivery_id: result.value.delivery_id, replay: result.value.replay }, position: result.value.position } : result;
      })],
      [receiveWebhook.subject, answerRpc(receiveWebhook, logger, async (payload) => {
        const result = await receive(options, incomingOf(payload));
        return result.ok ? { ok: true, value: result.value.receipt, position: result.value.position } : result;
      })],
    ]);
  }

  #answer(subject: string, raw: unknown): Promise<RpcReply> {
    const handler = this.#handlers.get(subject);
    if (handler === undefined) throw new Error(`nothing answers ${subject}`);
    return handler(raw);
  }

  @MessagePattern(createWebhookTrigger.subject)
  create(raw: unknown): Promise<RpcReply> {
    return this.#answer(createWebhookTrigger.subject, raw);
  }

  @MessagePattern(patchWebhookTrigger.subject)
  patch(raw: unknown): Promise<RpcReply> {
    return this.#answer(patchWebhookTrigger.subject, raw);
  }

  @MessagePattern(rotateWebhookSecret.subject)
  rotateSecret(raw: unknown): Promise<RpcReply> {
    return this.#answer(rotateWebhookSecret.subject, raw);
  }

  @MessagePattern(rotateWebhookToken.subject)
  rotateToken(raw: unknown): Promise<RpcReply> {
    return this.#answer(rotateWebhookToken.subject, raw);
  }

  @MessagePattern(enableWebhookTrigger.subject)
  enable(raw: unknown): Promise<RpcReply> {
    return this.#answer(enableWebhookTrigger.subject, raw);
  }

  @MessagePattern(disableWebhookTrigger.subject)
  disable(raw: unknown): Promise<RpcReply> {
    return this.#answer(disableWebhookTrigger.subject, raw);
  }

  @MessagePattern(deleteWebhookTrigger.subject)
  delete(raw: unknown): Promise<RpcReply> {
    return this.#answer(deleteWebhookTrigger.subject, raw);
  }

  @MessagePattern(replayWebhookDelivery.subject)
  replay(raw: unknown): Promise<RpcReply> {
    return this.#answer(replayWebhookDelivery.subject, raw);
  }

  @MessagePattern(receiveWebhook.subject)
  receive(raw: unknown): Promise<RpcReply> {
    return this.#answer(receiveWebhook.subject, raw);
  }
}
