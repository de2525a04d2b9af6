import { commitSchema, describeProblems, eventCatalogue, problemsOf, upcastEvent, type AggregateRef, type Commit } from '@cs/contracts';
import type { Json, Position } from '@cs/kernel';
import type { StoredCommit } from './event-store.port.js';

/** A message of the log that cannot be read: not JSON, not a commit, or an event this release does not know. */
export class UnreadableCommitError extends Error {
  override readonly name = 'UnreadableCommitError';
}

const parse = (body: string, where: string): Commit => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new UnreadableCommitError(`${where}: not JSON`, { cause });
  }
  const parsed = commitSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UnreadableCommitError(`${where}: ${describeProblems(problemsOf(parsed.error))}`, { cause: parsed.error });
};

/** Reads one message of the log: checks its shape and brings every event to today's version. */
export const decodeCommit = (
  { ref, status }: { readonly ref: AggregateRef; readonly status: string },
  { position, body }: { readonly position: Position; readonly body: string },
): StoredCommit => {
  const where = `commit ${position} (${ref.aggregate} ${ref.id})`;
  const commit = parse(body, where);
  try {
    const table = eventCatalogue[ref.aggregate];
    const events = commit.events.map((event) => ({ ...event, data: upcastEvent(table, event.event_type, { version: event.version, data: event.data }) as Json }));
    return { ref, status, position, commit: { ...commit, events }, size: body.length };
  } catch (cause) {
    throw new UnreadableCommitError(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
};
