import { streams, type AggregateRef, type Commit } from '@cs/contracts';
import type { AppendResult } from '@cs/eventing';
import { attribute, currentTraceparent, inSpan, isTracing, otherTrace, runAttribute, tenantAttributes, type SpanSpec } from '@cs/telemetry';

interface Append {
  readonly ref: AggregateRef;
  readonly status: string;
  readonly commit: Commit;
}

const appendSpan = ({ ref, status, commit: { events, origin_traceparent: origin } }: Append, current: string | undefined): SpanSpec => ({
  name: `publish ${streams.log.name}`, kind: 'producer', fallback: origin, links: otherTrace(origin, current),
  attributes: {
    'messaging.system': 'nats', 'messaging.operation.name': 'publish', 'messaging.operation.type': 'send', 'messaging.destination.name': streams.log.name,
    ...tenantAttributes(ref), ...(ref.aggregate === 'run' ? runAttribute({ run_id: ref.id }) : {}),
    [attribute.aggregate]: ref.aggregate, [attribute.status]: status, [attribute.events]: [...new Set(events.map(({ event_type }) => event_type))],
  },
});

/**
 * Writes a commit as a part of what is under way, or else of the trace in which its run began, and says so in
 * the commit. What belongs to neither, such as a sweep's work, is written as it is.
 */
export const appendTraced = async (append: Append, write: (commit: Commit) => Promise<AppendResult>): Promise<AppendResult> => {
  const current = currentTraceparent();
  if (!isTracing() || (current ?? append.commit.origin_traceparent) === undefined) return await write(append.commit);
  return await inSpan(appendSpan(append, current), async (span) => {
    const result = await write({ ...append.commit, traceparent: span.traceparent });
    if (result.kind === 'conflict') span.set({ [attribute.outcome]: 'conflict' });
    else span.set({ [attribute.position]: result.position });
    return result.kind === 'conflict' || result.duplicate ? result : { ...result, traceparent: span.traceparent };
  });
};
