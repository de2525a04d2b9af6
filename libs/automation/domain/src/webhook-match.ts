import type { WebhookMatch } from '@cs/contracts';
import type { WebhookDelivery } from './wait.commands.js';

const members = ['trigger_id', 'provider', 'provider_event_kind', 'provider_event_id', 'idempotency_key', 'body_digest'] as const satisfies readonly (keyof WebhookMatch)[];

/** A delivery is what a wait waits for: every condition that is set is equal, and at least one is set (domain 8.8). */
export const matchesDelivery = (match: WebhookMatch | undefined, delivery: WebhookDelivery): boolean => {
  const set = members.filter((member) => match?.[member] !== undefined);
  return set.length > 0 && set.every((member) => match?.[member] === delivery[member]);
};
