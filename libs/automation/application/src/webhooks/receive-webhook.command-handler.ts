import { admitsToken, decideWebhookDelivery, providerEvent, signatureFault, validSecrets } from '@cs/automation-domain';
import { webhookBodyLimits, webhookToleranceMs, type WebhookDeliveryEvent, type WebhookDeliveryFacts, type WebhookReceipt, type WebhookTrigger } from '@cs/contracts';
import { executeCommand, loadAggregate } from '@cs/eventing';
import { accepted, refused, type Json, type Result } from '@cs/kernel';
import { keptHeaders, readPayload } from './webhook-body.js';
import { refusedDeliveryId, webhookDeliveryAggregate, webhookDeliveryId, webhookDeliveryRef, webhookTokenAggregate, webhookTokenRef, webhookTriggerAggregate, webhookTriggerRef } from './webhook.aggregates.js';
import type { ReceiveOptions } from './webhook.ports.js';

/** A request to a public address. */
export interface IncomingWebhook {
  readonly public_token: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body as text; absent when it is not UTF-8. */
  readonly text: string | undefined;
  /** SHA-256 of the body's bytes, as 64 hexadecimal digits. */
  readonly digest: string;
  /** Sent from this machine, by nobody else's order. */
  readonly is_local: boolean;
}

type Received = Result<{ readonly receipt: WebhookReceipt; readonly position: number }>;

const unknownAddress = (): Received => refused('WEBHOOK_TRIGGER_NOT_FOUND', 'there is no webhook at this address');
const tooLarge = (limit: number): Received => refused('WEBHOOK_TOO_LARGE', `the body is larger than ${limit / 1024} KiB`);

/** The trigger that a token leads to now. One that nobody has bound costs as much work as one that is. */
const findTrigger = async ({ eventing, hmac }: ReceiveOptions, { public_token, body }: IncomingWebhook): Promise<WebhookTrigger | undefined> => {
  const token_hash = eventing.digest(public_token);
  const { state: binding } = await loadAggregate({ store: eventing.store, aggregate: webhookTokenAggregate }, webhookTokenRef(token_hash));
  const ref = webhookTriggerRef(binding ?? { org_id: '_system', workspace_id: '_system' }, binding?.trigger_id ?? 'unknown');
  const { state: trigger } = await loadAggregate({ store: eventing.store, aggregate: webhookTriggerAggregate }, ref);
  if (trigger !== undefined && admitsToken(trigger, token_hash, eventing.clock())) return trigger;
  if (body.length <= webhookBodyLimits.unknown) hmac('unknown', body);
  return undefined;
};

const linearTime = (text: string | undefined) => (): number | undefined => {
  const payload = text === undefined ? undefined : readPayload(text, 'application/json');
  const time = payload?.ok === true && typeof payload.value === 'object' && payload.value !== null ? Reflect.get(payload.value, 'webhookTimestamp') : undefined;
  return typeof time === 'number' ? time : undefined;
};

/** Why the request is not the sender's; `undefined` when it is. Refused when no secret is there to tell by. */
const judgeSignature = ({ secrets, allowUnsigned, hmac, eventing }: ReceiveOptions, trigger: WebhookTrigger, { headers, body, text, is_local }: IncomingWebhook): Result<string | undefined> => {
  if (trigger.scheme === 'unsigned_dev_mode') {
    const isAllowed = allowUnsigned && is_local && trigger.tenant_context.source === 'local_implicit';
    return accepted(isAllowed ? undefined : 'unsigned webhooks are taken from this machine only, where they are allowed');
  }
  const at_ms = eventing.clock();
  const known = validSecrets(trigger, at_ms).map((source) => secrets.secretOf(source, trigger)).filter((secret) => secret !== undefined);
  if (known.length === 0) return refused('WEBHOOK_SECRET_UNAVAILABLE', 'the signing secret of this webhook is not configured');
  const fault = signatureFault({ headers, body, bodyTimeMs: linearTime(text) }, { scheme: trigger.scheme, secretHeader: trigger.secret_header, secrets: known, at_ms, toleranceMs: webhookToleranceMs, hmac });
  return accepted(fault);
};

interface Arrived {
  readonly trigger: WebhookTrigger;
  readonly incoming: IncomingWebhook;
}

const factsOf = ({ trigger, incoming }: Arrived, received_at_ms: number): Omit<WebhookDeliveryFacts, 'delivery_id'> => ({
  trigger_id: trigger.trigger_id, automation_id: trigger.automation_id, tenant_context: trigger.tenant_context, provider: trigger.provider,
  idempotency_key: `sha256:${incoming.digest}`, body_digest: `sha256:${incoming.digest}`, body_bytes: incoming.body.length, received_at_ms,
});

type Arrival = Extract<WebhookDeliveryEvent, { event_type: 'webhook_delivery_accepted' | 'webhook_delivery_rejected' | 'webhook_delivery_disabled' }>;

const record = async ({ eventing }: ReceiveOptions, arrival: Arrival): Promise<Received> => {
  const { delivery } = arrival.data;
  const result = await executeCommand(webhookDeliveryRef(delivery.tenant_context, delivery.delivery_id), {
    eventing, aggregate: webhookDeliveryAggregate, context: { actor: { kind: 'system', source: 'webhook' }, correlation_id: delivery.automation_id, causation_id: delivery.trigger_id },
    decide: (state, at_ms) => decideWebhookDelivery({ type: 'receive', arrival, at_ms }, state),
  });
  if (result.kind !== 'accepted') return refused('CONCURRENT_CHANGE', 'the same delivery is being received by others');
  const isFirst = result.changed && result.loaded.version === 1;
  const receipt: WebhookReceipt = isFirst ? { status: 'accepted', outcome: 'received', delivery_id: delivery.delivery_id } : { status: 'duplicate', outcome: 'duplicate', delivery_id: delivery.delivery_id };
  return accepted({ receipt, position: result.loaded.position });
};

/** Refusals are recorded as far as their budget goes: whoever sends many fills no log with them. */
const recordRefusal = async (options: ReceiveOptions, arrived: Arrived, reason: string | undefined): Promise<void> => {
  if (!options.recordsRefusal(arrived.trigger.trigger_id)) return;
  const facts = factsOf(arrived, options.eventing.clock());
  const delivery = { ...facts, delivery_id: refusedDeliveryId(options.eventing.digest, facts) };
  await record(options, reason === undefined ? { event_type: 'webhook_delivery_disabled', data: { delivery } } : { event_type: 'webhook_delivery_rejected', data: { delivery, reason } });
};

const acceptDelivery = async (options: ReceiveOptions, arrived: Arrived, payload: Json): Promise<Received> => {
  const { trigger: { provider }, incoming: { headers } } = arrived;
  const event = providerEvent(provider, headers, payload);
  const facts = factsOf(arrived, options.eventing.clock());
  const idempotency_key = event.id === undefined ? facts.body_digest : `${provider}:${event.id}`;
  const delivery: WebhookDeliveryFacts = {
    ...facts, idempotency_key, delivery_id: webhookDeliveryId(options.eventing.digest, { trigger_id: facts.trigger_id, idempotency_key }),
    ...(event.kind === undefined ? {} : { provider_event_kind: event.kind }), ...(event.id === undefined ? {} : { provider_event_id: event.id }),
  };
  return await record(options, { event_type: 'webhook_delivery_accepted', data: { receipt_id: options.newId(), delivery, headers: keptHeaders(headers), payload } });
};

const limitOf = (trigger: WebhookTrigger | undefined): number => {
  if (trigger === undefined) return webhookBodyLimits.unknown;
  return trigger.provider === 'github' ? webhookBodyLimits.github : webhookBodyLimits.other;
};

/** A delivery that is signed as it should be, for a trigger that takes deliveries. */
const takeSigned = async (options: ReceiveOptions, arrived: Arrived): Promise<Received> => {
  const { trigger, incoming } = arrived;
  if (!trigger.enabled) {
    await recordRefusal(options, arrived, undefined);
    return refused('WEBHOOK_TRIGGER_DISABLED', 'this webhook is disabled');
  }
  if (incoming.text === undefined) return refused('REQUEST_BODY_MALFORMED', 'the body is not UTF-8');
  const payload = readPayload(incoming.text, incoming.headers['content-type'] ?? '');
  return payload.ok ? await acceptDelivery(options, arrived, payload.value) : payload;
};

/**
 * Takes what came in on a public address: its signature is checked on the bytes, before anything reads them.
 * The same event again is a duplicate, whoever sends it how often and at once; only the first is acted on.
 */
export const receiveWebhook = async (options: ReceiveOptions, incoming: IncomingWebhook): Promise<Received> => {
  const trigger = await findTrigger(options, incoming);
  const limit = limitOf(trigger);
  if (incoming.body.length > limit) return tooLarge(limit);
  if (trigger === undefined) return unknownAddress();
  const fault = judgeSignature(options, trigger, incoming);
  if (!fault.ok) return fault;
  if (fault.value === undefined) return await takeSigned(options, { trigger, incoming });
  await recordRefusal(options, { trigger, incoming }, fault.value);
  return refused('WEBHOOK_SIGNATURE_INVALID', fault.value);
};
