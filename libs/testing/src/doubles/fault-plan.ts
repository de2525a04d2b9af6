import type { DoubleAnswer } from './doubled-platform.js';

/** How a call goes wrong. */
export type Fault =
  /** Nothing happens but this answer. */
  | { readonly kind: 'answer'; readonly answer: DoubleAnswer }
  /** Nothing happens, and no answer comes. */
  | { readonly kind: 'hang' }
  /** Nothing happens, and the connection ends. */
  | { readonly kind: 'cut' }
  /** It happens, and the connection ends before its answer. */
  | { readonly kind: 'lost_answer' }
  /** It happens, and its answer comes late. */
  | { readonly kind: 'slow'; readonly delay_ms: number };

export interface FaultRule {
  readonly fault: Fault;
  /** Text that the path holds. Default: every call. */
  readonly path?: string;
  /** How often it happens. Default: without end. */
  readonly times?: number;
  /** In (0, 1]: how many of the calls that it concerns. Default: all. */
  readonly share?: number;
}

/** Numbers in [0, 1) that are the same for the same seed. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Which calls go wrong. The first rule that concerns a call decides about it. */
export class FaultPlan {
  readonly #random: () => number;
  #rules: { readonly rule: FaultRule; left: number }[] = [];

  constructor(seed = 1) {
    this.#random = seededRandom(seed);
  }

  add(rule: FaultRule): void {
    this.#rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#rules = [];
  }

  pick(path: string): Fault | undefined {
    for (const entry of this.#rules) {
      if (entry.left <= 0 || !path.includes(entry.rule.path ?? '')) continue;
      if (this.#random() >= (entry.rule.share ?? 1)) continue;
      entry.left -= 1;
      return entry.rule.fault;
    }
    return undefined;
  }
}
