import { parseLogSubject, type AggregateRef } from '@cs/contracts';
import { decodeCommit, UnreadableCommitError } from './decode-commit.js';
import type { LogEntry } from './log-reader.port.js';

const nobody: AggregateRef = { org_id: 'local', workspace_id: 'local', aggregate: 'dead_letter', id: 'unknown' };

/** Whose message it is, as far as its subject says. */
export const placeOf = (subject: string): Pick<LogEntry, 'ref' | 'status'> => parseLogSubject(subject) ?? { ref: nobody, status: 'unknown' };

/** A message of the log as a projector takes it; one that cannot be read says why. */
export const readLogEntry = (message: Pick<LogEntry, 'position' | 'subject' | 'body'>): LogEntry => {
  const place = placeOf(message.subject);
  if (parseLogSubject(message.subject) === undefined) return { ...message, ...place, unreadable: `"${message.subject}" is no subject of the log` };
  try {
    return { ...message, ...place, stored: decodeCommit(place, message) };
  } catch (error) {
    if (error instanceof UnreadableCommitError) return { ...message, ...place, unreadable: error.message };
    throw error;
  }
};
