import type { Hmac, WebhookDelivery } from '@cs/automation-domain';
import type { AggregateRef, TenantContext, WebhookDeliveryFacts, WebhookMatch, WebhookSecretSource, WebhookWait } from '@cs/contracts';
import type { Eventing, IdSource } from '@cs/eventing';
import type { AccessOptions } from '../access-check.js';

interface SecretOwner {
  readonly tenant_context: TenantContext;
  readonly trigger_id: string;
}

/** Signing secrets in memory. `undefined`: the key or the secret that it needs is not configured. */
export interface WebhookSecrets {
  secretOf(source: WebhookSecretSource, owner: SecretOwner): string | undefined;
}

/** What the projections know of waits and deliveries. `undefined`: they cannot be asked now, or are not that far yet. */
export interface WebhookLookups {
  /** The first `limit` open waits that a delivery fits, in the order of domain 8.3. The answer holds at least `minPosition`. */
  waitsFor(delivery: WebhookDeliveryFacts, range: { readonly minPosition: number; readonly limit: number }): Promise<readonly WebhookWait[] | undefined>;
  /** Accepted deliveries that nobody had taken and that fit a wait: the oldest first, and not all where they are many. */
  deliveriesFor(tenant: TenantContext, early: EarlyDelivery): Promise<readonly string[] | undefined>;
}

export interface EarlyDelivery {
  readonly match: WebhookMatch & { readonly trigger_id: string };
  readonly received_from_ms: number;
  readonly minPosition: number;
}

/** Hands a delivery to a wait; idempotent by the delivery's id. `woken` also when it had woken the wait before. */
export type DeliverToWait = (run: AggregateRef, given: { readonly wait_id: string; readonly delivery: WebhookDelivery }) => Promise<{ readonly kind: 'woken' | 'not_waiting' | 'not_matching' | 'contended' }>;

export interface WebhookTriggerOptions extends AccessOptions {
  readonly eventing: Eventing;
  readonly secrets: WebhookSecrets;
  /** A new random token that nobody can guess: 32 bytes in base64url. */
  readonly newToken: IdSource;
  readonly newId: IdSource;
  /** Unsigned webhooks may be set up, by the local person only. */
  readonly allowUnsigned: boolean;
}

export interface ReceiveOptions extends Pick<WebhookTriggerOptions, 'eventing' | 'secrets' | 'allowUnsigned' | 'newId'> {
  readonly hmac: Hmac;
  /** Whether one more refused delivery of a trigger may be recorded now. */
  readonly recordsRefusal: (triggerId: string) => boolean;
}
