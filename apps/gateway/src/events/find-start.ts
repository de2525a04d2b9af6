import { isAfter, type EventId } from './event-id.js';

/** The published stream, as far as finding a place in it needs it. */
export interface EventSequence {
  /** First and last sequence that the stream holds; `last` is `first - 1` when it is empty. */
  readonly first: number;
  readonly last: number;
  /** The first event at or after a sequence; `undefined` when there is none. */
  at(sequence: number): Promise<{ readonly sequence: number; readonly id: EventId } | undefined>;
}

export interface Start {
  /** Stream sequence to begin with. */
  readonly sequence: number;
  /** Events after the asked place may have been removed from the stream. */
  readonly gap: boolean;
}

/**
 * Finds the first event after a place in the log: events stand in the stream in log order, so a binary
 * search does, with about twenty reads for a million events.
 */
export const findStart = async (after: EventId, stream: EventSequence): Promise<Start> => {
  let low = stream.first;
  let high = stream.last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await stream.at(middle);
    if (found === undefined || found.sequence >= high || isAfter(found.id, after)) high = middle;
    else low = found.sequence + 1;
  }
  return { sequence: low, gap: low === stream.first && stream.first > 1 };
};
