import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { mayChange } from '@cs/automation-application';
import { findEarlyDeliveries, findWebhookWaits, getWebhookTrigger, listWebhookDeliveries, listWebhookTriggers, type CallContext, type ReplyOf, type RpcReply } from '@cs/contracts';
import { refusal } from '@cs/platform';
import { refused, type Result } from '@cs/kernel';
import { showTrigger, type ProjectionQueries, type Reader, type WebhookQueries } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { PROJECTION_QUERIES, READS, WEBHOOK_QUERIES } from './tokens.js';

const noTrigger = (trigger_id: string): RpcReply<never> => refusal('WEBHOOK_TRIGGER_NOT_FOUND', `there is no webhook trigger "${trigger_id}"`, { trigger_id });

/** Triggers are for the owner of their automation and administrators: they show where it can be reached. */
const ofOwner = async (queries: ProjectionQueries, { reader, context, automation_id }: { readonly reader: Reader; readonly context: CallContext; readonly automation_id: string }): Promise<Result<unknown>> => {
  if (context.verified === undefined) return { ok: true, value: undefined };
  const automation = await queries.automation(reader, automation_id);
  return automation === undefined ? refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id }) : mayChange(automation, context);
};

/** Webhook triggers and deliveries, and what the router looks up. */
@Controller()
export class WebhooksController {
  readonly #get;
  readonly #list;
  readonly #deliveries;
  readonly #waits;
  readonly #early;

  constructor(@Inject(READS) reads: Reads, @Inject(WEBHOOK_QUERIES) queries: WebhookQueries, @Inject(PROJECTION_QUERIES) automations: ProjectionQueries) {
    this.#get = reads.answer(getWebhookTrigger, async ({ automation_id, trigger_id }, tenant, context) => {
      const allowed = await ofOwner(automations, { reader: tenant, context, automation_id });
      if (!allowed.ok) return allowed;
      const trigger = await queries.webhookTrigger(tenant, { automation_id, trigger_id });
      return trigger ? { ok: true, value: showTrigger(trigger) } : noTrigger(trigger_id);
    });
    this.#list = reads.answer(listWebhookTriggers, async ({ automation_id, ...payload }, tenant, context) => {
      const allowed = await ofOwner(automations, { reader: tenant, context, automation_id });
      if (!allowed.ok) return allowed;
      const page = pageOf(payload);
      return page ? toAnswer(await queries.webhookTriggers(tenant, automation_id, page), showTrigger) : invalidCursor();
    });
    this.#deliveries = reads.answer(listWebhookDeliveries, async ({ automation_id, trigger_id, status, ...payload }, tenant, context) => {
      const allowed = await ofOwner(automations, { reader: tenant, context, automation_id });
      if (!allowed.ok) return allowed;
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      if ((await queries.webhookTrigger(tenant, { automation_id, trigger_id })) === undefined) return noTrigger(trigger_id);
      return toAnswer(await queries.webhookDeliveries(tenant, { trigger_id, ...(status === undefined ? {} : { status }) }, page), (delivery) => delivery);
    });
    this.#waits = reads.answer(findWebhookWaits, async ({ delivery, limit }, tenant) => ({ ok: true, value: { waits: await queries.waitsForDelivery(tenant, delivery, limit) } }));
    this.#early = reads.answer(findEarlyDeliveries, async ({ match, received_from_ms, limit }, tenant) => ({
      ok: true, value: { delivery_ids: await queries.deliveriesForWait(tenant, { match, received_from_ms, limit }) },
    }));
  }

  @MessagePattern(getWebhookTrigger.subject)
  get(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof getWebhookTrigger>>> {
    return this.#get(raw);
  }

  @MessagePattern(listWebhookTriggers.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listWebhookTriggers>>> {
    return this.#list(raw);
  }

  @MessagePattern(listWebhookDeliveries.subject)
  deliveries(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listWebhookDeliveries>>> {
    return this.#deliveries(raw);
  }

  @MessagePattern(findWebhookWaits.subject)
  waits(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof findWebhookWaits>>> {
    return this.#waits(raw);
  }

  @MessagePattern(findEarlyDeliveries.subject)
  earlyDeliveries(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof findEarlyDeliveries>>> {
    return this.#early(raw);
  }
}
