import { localImplicitTenant, type AggregateRef, type DeadLetterEvent } from '@cs/contracts';
import { appendEvents, deadLetterAggregate, unwritten, type Eventing } from '@cs/eventing';
import type { DeadLetter } from './consumer.adapter.js';

/** `cs.log.{org}.{workspace}.…` and `cs.events.…` name the tenant in the same places; `cs.timer.{state}.…` one later. */
const tenantPattern = /^cs\.(?:log|events|timer\.(?:pending|fired))\.([^.]+)\.([^.]+)\./;

const tenantOf = (subject: string): Pick<AggregateRef, 'org_id' | 'workspace_id'> => {
  const [, org_id = localImplicitTenant.org_id, workspace_id = localImplicitTenant.workspace_id] = tenantPattern.exec(subject) ?? [];
  return { org_id, workspace_id };
};

/** Records a message that could not be handled, once: repeating it finds the first record. */
export const openDeadLetter = async (eventing: Eventing, { consumer, stream, message, reason }: DeadLetter): Promise<void> => {
  const dead_letter_id = `${consumer}-${message.position}`;
  const { org_id, workspace_id } = tenantOf(message.subject);
  const ref: AggregateRef = { org_id, workspace_id, aggregate: 'dead_letter', id: dead_letter_id };
  const event: DeadLetterEvent = {
    event_type: 'dead_letter_opened',
    data: { dead_letter_id, consumer, stream, stream_sequence: message.position, subject: message.subject, deliveries: message.deliveryCount, reason: reason.slice(0, 2000) },
  };
  await appendEvents({ eventing, aggregate: deadLetterAggregate }, unwritten(deadLetterAggregate, ref), { events: [event], context: { at_ms: eventing.clock() } });
};
