/** How often a key may take a turn. */
export interface TurnLimit {
  /** Turns a minute, all of them at once if need be. At most 60,000. */
  readonly perMinute: number;
  /** Unix milliseconds. */
  readonly at_ms: number;
}

/** Counts turns for all processes together. */
export interface TurnLimits {
  /** Seconds to wait; 0 when there is a turn, which counts. Throws `LogUnavailableError` when turns cannot be counted. */
  take(key: string, limit: TurnLimit): Promise<number>;
}
