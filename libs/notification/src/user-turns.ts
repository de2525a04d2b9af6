import { LogUnavailableError, type Eventing, type TurnLimits } from '@cs/eventing';

/** Turns of one user of an installation a minute: decisions, prompts for reasons or codes, and refusals that are recorded. */
const perMinute = { decisions: 30, prompts: 10, refusals: 30 } as const;

export type UserTurns = TurnLimits;

export interface Turn {
  readonly what: keyof typeof perMinute;
  readonly callback_id: string;
  readonly user_id: string;
  /** Unix milliseconds. */
  readonly deadline_ms: number;
}

export interface TurnOptions {
  readonly turns: UserTurns;
  readonly eventing: Pick<Eventing, 'clock'>;
  /** The value, or `undefined` when it takes longer. */
  readonly within: <Value>(value: Promise<Value>, ms: number) => Promise<Value | undefined>;
}

/** What is to be done after the count, at least. */
const afterwardsMs = 1_000;
const leastMs = 100;

/** Seconds until the user has a turn; 0: now, and it counts. `undefined`: turns cannot be counted in time. */
export const waitOf = async ({ turns, eventing, within }: TurnOptions, { what, callback_id, user_id, deadline_ms }: Turn): Promise<number | undefined> => {
  const at_ms = eventing.clock();
  try {
    return await within(turns.take(`${what}/${callback_id}/${user_id}`, { perMinute: perMinute[what], at_ms }), Math.max(deadline_ms - at_ms - afterwardsMs, leastMs));
  } catch (error) {
    if (error instanceof LogUnavailableError) return undefined;
    throw error;
  }
};
