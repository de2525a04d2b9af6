import type { AggregateRef, PublishedEvent } from '@cs/contracts';
import type { Position } from '@cs/kernel';

export interface EventToPublish {
  readonly ref: AggregateRef;
  /** Position of the event's commit and the event's place in it, from 0. */
  readonly position: Position;
  readonly index: number;
  readonly event: PublishedEvent;
  readonly traceparent?: string;
}

/** Another publisher wrote to the stream: this one has been replaced, or has to look where it stands. */
export class PublisherFencedError extends Error {
  override readonly name = 'PublisherFencedError';
}

/** The published stream (CS_EVENTS). One publisher at a time; each event once, in order. */
export interface EventPublisher {
  /** The last event in the stream; `undefined` when it is empty. Also makes later `publish` calls continue there. */
  last(): Promise<{ readonly position: Position; readonly index: number } | undefined>;
  /**
   * Appends the events in order after the last one. Resolves when all are stored. On an error the
   * stream holds a prefix of them: call `last` and continue from there.
   */
  publish(events: readonly EventToPublish[]): Promise<void>;
}
