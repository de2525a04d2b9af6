import type { LogEntry } from '@cs/eventing';
import { attribute, continuationOf, isTracing, openSpan, runAttribute, tenantAttributes } from '@cs/telemetry';
import { streams } from '@cs/contracts';

/** Older commits are a backlog or a rebuilt database: nobody waits for their traces any more. */
const maxAgeMs = 600_000;

const record = ({ position, stored }: LogEntry, startedAtMs: number): void => {
  if (stored === undefined || stored.commit.traceparent === undefined) return;
  const { ref, commit: { traceparent, origin_traceparent: origin, events } } = stored;
  if ((events.at(-1)?.recorded_at_ms ?? 0) < startedAtMs - maxAgeMs) return;
  openSpan({
    name: 'process projector', kind: 'consumer', startedAtMs, ...continuationOf({ traceparent, origin }),
    attributes: {
      'messaging.system': 'nats', 'messaging.operation.name': 'process', 'messaging.operation.type': 'process', 'messaging.destination.name': streams.log.name, 'messaging.consumer.group.name': 'projector',
      ...tenantAttributes(ref), ...(ref.aggregate === 'run' ? runAttribute({ run_id: ref.id }) : {}), [attribute.aggregate]: ref.aggregate, [attribute.position]: position,
    },
  }).end();
};

/** A span for each commit of a transaction that has just been written, from the beginning of the transaction. */
export const recordProjected = (entries: readonly LogEntry[], startedAtMs: number): void => {
  if (isTracing()) for (const entry of entries) record(entry, startedAtMs);
};
