/** What is taken out of the projections once it is old: never of the log, the archive or the audit. */
export interface RetentionRule {
  /** What it takes out, for the log of the service. */
  readonly what: string;
  /** Takes out what is older than a time, in small steps; gives how many rows each step took. Repeating it is harmless. */
  prune(before_ms: number): AsyncIterable<number>;
}
