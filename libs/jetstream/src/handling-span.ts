import { parseLogSubject, streams } from '@cs/contracts';
import type { ConsumerOutcome } from '@cs/eventing';
import { isJsonObject } from '@cs/kernel';
import { attribute, continuationOf, inSpan, isTracing, runAttribute, tenantAttributes, traceparentName, type Cause, type OpenSpan, type SpanAttributes } from '@cs/telemetry';
import type { ConsumerMessage } from './message-handling.js';

interface Place {
  readonly stream: string;
  /** Name of the consumer. */
  readonly durable: string;
}

const textMember = (value: unknown, name: string): string | undefined => {
  const member = isJsonObject(value) ? value[name] : undefined;
  return typeof member === 'string' ? member : undefined;
};

/** A commit says itself what wrote it; every other message has a header for it. */
const causeOf = ({ stream }: Place, message: ConsumerMessage): Cause => {
  if (stream !== streams.log.name) return { traceparent: message.header(traceparentName) || undefined };
  try {
    const commit: unknown = JSON.parse(message.text());
    return { traceparent: textMember(commit, 'traceparent'), origin: textMember(commit, 'origin_traceparent') };
  } catch {
    return {};
  }
};

/** `cs.<kind>.{org}.{workspace}.{aggregate}.{id}.…`: of commits and published events. */
const subjectAttributes = ({ stream }: Place, { subject }: ConsumerMessage): SpanAttributes => {
  const ref = stream === streams.timers.name ? undefined : parseLogSubject(subject.replace(/^cs\.events\./, 'cs.log.'))?.ref;
  if (ref === undefined) return {};
  return { ...tenantAttributes(ref), [attribute.aggregate]: ref.aggregate, ...(ref.aggregate === 'run' ? runAttribute({ run_id: ref.id }) : {}) };
};

const markOutcome = (span: OpenSpan, outcome: ConsumerOutcome): void => {
  span.set({ [attribute.outcome]: outcome.kind });
  if (outcome.kind === 'give-up') span.fail('give-up');
};

/** Handles a message as a part of what caused it. */
export const handleTraced = async (place: Place, message: ConsumerMessage, handle: (message: ConsumerMessage) => Promise<ConsumerOutcome>): Promise<ConsumerOutcome> => {
  if (!isTracing()) return await handle(message);
  return await inSpan({
    name: `process ${place.durable}`, kind: 'consumer', ...continuationOf(causeOf(place, message)),
    attributes: {
      'messaging.system': 'nats', 'messaging.operation.name': 'process', 'messaging.operation.type': 'process', 'messaging.destination.name': place.stream,
      'messaging.consumer.group.name': place.durable, [attribute.position]: message.position, 'countersign.delivery_count': message.deliveryCount, ...subjectAttributes(place, message),
    },
  }, async (span) => {
    const outcome = await handle(message);
    markOutcome(span, outcome);
    return outcome;
  });
};
