import type { PublishedEvent, RecordedEvent } from '@cs/contracts';
import type { EventToPublish, StoredCommit } from '@cs/eventing';
import type { Json } from '@cs/kernel';

const published = ({ ref, status, position, commit }: StoredCommit, event: RecordedEvent, index: number): PublishedEvent => ({
  event_id: event.event_id, event_type: event.event_type, aggregate: ref.aggregate, aggregate_id: ref.id,
  org_id: ref.org_id, workspace_id: ref.workspace_id, seq: commit.version - commit.events.length + 1 + index, position, status,
  occurred_at_ms: event.recorded_at_ms, ...(event.actor === undefined ? {} : { actor: event.actor }), data: event.data,
});

/** Data of an event over this many characters is not published; the timeline and the archive have it. */
const largestData = 4 * 1024 * 1024;

const withoutLargeData = (event: RecordedEvent): RecordedEvent => {
  const characters = JSON.stringify(event.data).length;
  const omitted: Json = { omitted: 'too_large', characters };
  return characters <= largestData ? event : { ...event, data: omitted };
};

/**
 * What the published stream says of a commit, from the event at `from` (0 is the first). `bodyLength`
 * is that of the commit as archived.
 */
export const toPublishedEvents = (stored: StoredCommit, { from = 0, bodyLength }: { readonly from?: number; readonly bodyLength: number }): readonly EventToPublish[] =>
  stored.commit.events.slice(from).map((event, offset) => ({
    ref: stored.ref, position: stored.position, index: from + offset, ...(stored.commit.traceparent === undefined ? {} : { traceparent: stored.commit.traceparent }),
    event: published(stored, bodyLength > largestData ? withoutLargeData(event) : event, from + offset),
  }));
