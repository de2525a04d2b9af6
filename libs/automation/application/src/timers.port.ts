import type { AggregateRef } from '@cs/contracts';

/** Wakes runs at a time. Scheduling a wait again replaces its timer. */
export interface Timers {
  schedule(ref: AggregateRef, waitId: string, dueAtMs: number): Promise<void>;
}

/** Tells the runner that executes a run that someone else wrote to it. */
export interface RunChanges {
  announce(runId: string): void;
  /** Calls back on a change until the returned function is called. */
  listen(runId: string, callback: () => void): () => void;
}

/** Fires schedules at a time: one timer per automation. */
export interface FireTimers {
  /** Sets the timer of an automation's schedule, or replaces it. */
  set(ref: AggregateRef, dueAtMs: number): Promise<void>;
}
