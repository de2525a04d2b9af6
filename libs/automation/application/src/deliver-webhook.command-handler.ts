import { webhookKey, type WebhookDelivery } from '@cs/automation-domain';
import type { AggregateRef } from '@cs/contracts';
import { commandWait, endedWait, loadRun, type WakeOptions } from './wait-ending.js';

/**
 * What a delivery did to a wait: `woken` also when this very delivery had woken it before, so that
 * handing it over again is safe; `not_waiting` when the wait is gone, or was ended by something else;
 * `not_matching` when the wait is for another delivery; `contended`: nothing was written, try again.
 */
export type DeliveredToWait =
  | { readonly kind: 'woken'; readonly position: number; readonly repeated: boolean }
  | { readonly kind: 'not_waiting' | 'not_matching' | 'contended' };

/** Hands a delivery to one webhook wait. Idempotent by the delivery's id. */
export const deliverWebhookToWait = async (options: WakeOptions, ref: AggregateRef, { wait_id, delivery }: { readonly wait_id: string; readonly delivery: WebhookDelivery }): Promise<DeliveredToWait> => {
  const loaded = await loadRun(options, ref);
  if (loaded.state === undefined) return { kind: 'not_waiting' };
  const result = await commandWait(options, { loaded, run: loaded.state, command: { type: 'deliver_webhook', wait_id, delivery } });
  if (result.kind === 'contended') return { kind: 'contended' };
  if (result.kind === 'refused') return { kind: result.refusal.code === 'wait_not_matching' ? 'not_matching' : 'not_waiting' };
  const isOurs = endedWait(result.loaded.state, wait_id)?.wake_idempotency_key === webhookKey(ref.id, wait_id, delivery.delivery_id);
  return isOurs ? { kind: 'woken', position: result.loaded.position, repeated: !result.changed } : { kind: 'not_waiting' };
};
