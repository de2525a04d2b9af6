import type { PublishedEvent, RecordedEvent } from '@cs/contracts';
import type { EventToPublish, StoredCommit } from '@cs/eventing';

const published = ({ ref, status, position, commit }: StoredCommit, event: RecordedEvent, index: number): PublishedEvent => ({
  event_id: event.event_id, event_type: event.event_type, aggregate: ref.aggregate, aggregate_id: ref.id,
  org_id: ref.org_id, workspace_id: ref.workspace_id, seq: commit.version - commit.events.length + 1 + index, position, status,
  occurred_at_ms: event.recorded_at_ms, ...(event.actor === undefined ? {} : { actor: event.actor }), data: event.data,
});

/** What the published stream says of a commit, from the event at `from` (0 is the first). */
export const toPublishedEvents = (stored: StoredCommit, from = 0): readonly EventToPublish[] =>
  stored.commit.events.slice(from).map((event, offset) => ({
    ref: stored.ref, position: stored.position, index: from + offset, event: published(stored, event, from + offset),
  }));
