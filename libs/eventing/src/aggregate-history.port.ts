import type { AggregateRef } from '@cs/contracts';
import type { LogEntry } from './log-reader.port.js';

/** Every commit of one aggregate, oldest first, also those that cannot be read. Empty when it has none. Throws `LogUnavailableError`. */
export interface AggregateHistory {
  commitsOf(ref: AggregateRef): Promise<readonly LogEntry[]>;
}
