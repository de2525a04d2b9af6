import type { OpenWait, WaitTimeout, WebhookMatch } from '@cs/contracts';
import type { Json, Refusal } from '@cs/kernel';

/** A wait as its node describes it, with its expressions and bindings resolved. */
export interface WaitToOpen {
  readonly wait_kind: Extract<OpenWait['wait_kind'], 'timer' | 'webhook' | 'external_condition'>;
  /** After so long; or at a time. */
  readonly delay_ms?: number;
  readonly wake_at_ms?: number;
  readonly timeout?: WaitTimeout;
  readonly webhook_match?: WebhookMatch;
  readonly condition_key?: string;
  readonly payload_schema?: Readonly<Record<string, Json>>;
}

/** Opens what a wait node waits for: one wait, or the branches of a wait for any. */
export interface OpenWaits { readonly type: 'open_waits'; readonly node_id: string; readonly waits: readonly WaitToOpen[] }

/** The time of a wait has come: its wake-up, or its timeout. Repeating it changes nothing. */
export interface WakeWait { readonly type: 'wake_wait'; readonly wait_id: string }

/** An accepted delivery of a webhook trigger, as far as waits look at it. */
export interface WebhookDelivery {
  readonly delivery_id: string;
  readonly trigger_id: string;
  readonly provider: string;
  readonly provider_event_kind?: string;
  readonly provider_event_id?: string;
  /** `<provider>:<provider_event_id>`, else the body's digest. */
  readonly idempotency_key: string;
  readonly body_digest: string;
  readonly payload: Json;
}

/** A delivery arrived that a webhook wait may be for. The same delivery again changes nothing. */
export interface DeliverWebhook { readonly type: 'deliver_webhook'; readonly wait_id: string; readonly delivery: WebhookDelivery }

/** Someone says that a condition holds. The same key again changes nothing. */
export interface ResolveWait { readonly type: 'resolve_wait'; readonly wait_id: string; readonly idempotency_key: string; readonly payload: Json }

/** Why a wait is not ended from outside. */
export type WaitRefusal = Refusal<
  'AUTOMATION_V2_RUN_NOT_FOUND' | 'AUTOMATION_V2_WAIT_NOT_FOUND' | 'AUTOMATION_V2_WAIT_NOT_RESOLVABLE' | 'AUTOMATION_V2_WAIT_ALREADY_ENDED' | 'wait_not_matching'
>;
