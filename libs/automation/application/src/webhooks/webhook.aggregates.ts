import { evolveWebhookDelivery, evolveWebhookTrigger, webhookDeliveryToken, type RoutedDelivery, type WebhookDeliveryState, type WebhookTriggerState } from '@cs/automation-domain';
import { systemWorkspace, webhookTokenEvents, webhookTriggerSchema, type AggregateRef, type WebhookDeliveryEvent, type WebhookDeliveryFacts, type WebhookTokenEvent, type WebhookTriggerEvent } from '@cs/contracts';
import type { Aggregate, Digest } from '@cs/eventing';
import type { Json } from '@cs/kernel';

type Workspace = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

export const webhookTriggerAggregate: Aggregate<WebhookTriggerState, WebhookTriggerEvent> = {
  name: 'webhook_trigger',
  initialState: undefined,
  evolve: evolveWebhookTrigger,
  status: (trigger) => (trigger === undefined ? 'absent' : trigger.deleted ? 'deleted' : trigger.enabled ? 'enabled' : 'disabled'),
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (trigger) => (trigger ?? null) as unknown as Json,
  readState: (value) => webhookTriggerSchema.parse(value),
};

export const webhookTriggerRef = ({ org_id, workspace_id }: Workspace, id: string): AggregateRef => ({ org_id, workspace_id, aggregate: 'webhook_trigger', id });

type Binding = WebhookTokenEvent['data'] | undefined;

/** The hash of a token, bound once to its trigger. */
export const webhookTokenAggregate: Aggregate<Binding, WebhookTokenEvent> = {
  name: 'webhook_token',
  initialState: undefined,
  evolve: (_state, { data }) => data,
  status: () => 'bound',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (binding) => (binding ?? null) as unknown as Json,
  readState: (value) => webhookTokenEvents.webhook_token_bound.data.parse(value),
};

/** A token names no tenant, so its binding stands outside of all of them. */
export const webhookTokenRef = (token_hash: string): AggregateRef => ({ ...systemWorkspace, aggregate: 'webhook_token', id: token_hash });

/** A delivery has few commits and a large payload: none of them carries its state. */
export const webhookDeliveryAggregate: Aggregate<WebhookDeliveryState, WebhookDeliveryEvent> = {
  name: 'webhook_delivery',
  initialState: undefined,
  evolve: evolveWebhookDelivery,
  status: webhookDeliveryToken,
  isAtRest: () => false,
  stateVersion: 1,
  writeState: (delivery) => (delivery ?? null) as unknown as Json,
  // Written by this release or one that wrote the same version.
  readState: (value) => value as unknown as RoutedDelivery,
};

export const webhookDeliveryRef = ({ org_id, workspace_id }: Workspace, id: string): AggregateRef => ({ org_id, workspace_id, aggregate: 'webhook_delivery', id });

/** One event of a trigger is one delivery, however often it is sent. */
export const webhookDeliveryId = (digest: Digest, { trigger_id, idempotency_key }: Pick<WebhookDeliveryFacts, 'trigger_id' | 'idempotency_key'>): string =>
  `whd-${digest(`${trigger_id}\n${idempotency_key}`).slice(0, 40)}`;

/** What was refused stands apart, so that nobody can occupy the id of a delivery that is still to come; once a minute each. */
export const refusedDeliveryId = (digest: Digest, { trigger_id, body_digest, received_at_ms }: Pick<WebhookDeliveryFacts, 'trigger_id' | 'body_digest' | 'received_at_ms'>): string =>
  `whr-${digest(`${trigger_id}\n${body_digest}\n${Math.floor(received_at_ms / 60_000)}`).slice(0, 40)}`;

