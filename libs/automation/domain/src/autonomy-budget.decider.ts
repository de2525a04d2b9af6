import { accept, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { AutonomyBudgetEvent, AutonomyLimits } from '@cs/contracts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Effects that are known by name, so that none counts twice: a retry, or the same again after a crash. */
const rememberedEffects = 500;

/** Effects of the newest hour and day (UTC) in which there were any. Plain JSON: it is stored as it is. */
export interface AutonomyBudgetState {
  readonly hour: number;
  readonly hour_effects: number;
  readonly day: number;
  readonly day_effects: number;
  readonly recent_effects: readonly string[];
}

export const unspentBudget: AutonomyBudgetState = { hour: 0, hour_effects: 0, day: 0, day_effects: 0, recent_effects: [] };

/** Effects that are about to go out without an approval. */
export interface SpendAutonomy {
  readonly automation_id: string;
  readonly effect_id: string;
  /** More than one for a list. */
  readonly effects: number;
  readonly limits: AutonomyLimits;
}

export type AutonomyReason = 'hourly_autonomy_budget_exceeded' | 'daily_autonomy_budget_exceeded';

/** Which limit an effect would break, and how much of it is used. */
export interface ExceededBudget {
  readonly limit: number;
  readonly used: number;
  /** Of the hour or day, UTC, in ms since the epoch. */
  readonly window_begins_at_ms: number;
}
export type AutonomyRefusal = Refusal<AutonomyReason> & { readonly exceeded: ExceededBudget };

interface Window {
  readonly code: AutonomyReason;
  readonly name: string;
  readonly lasts_ms: number;
  readonly used: number;
  readonly limit: number | undefined;
}

const exceeds = ({ used, limit }: Window, { effects }: SpendAutonomy): boolean => limit !== undefined && used + effects > limit;

const used = (state: AutonomyBudgetState, at_ms: number): { readonly hour: number; readonly day: number } => ({
  hour: state.hour === Math.floor(at_ms / hourMs) ? state.hour_effects : 0, day: state.day === Math.floor(at_ms / dayMs) ? state.day_effects : 0,
});

const refusalOf = ({ code, name, lasts_ms, used: had, limit = 0 }: Window, at_ms: number): AutonomyRefusal => ({
  code, message: `the automation may have ${limit} effects ${name} without an approval, and has had ${had}`,
  exceeded: { limit, used: had, window_begins_at_ms: at_ms - (at_ms % lasts_ms) },
});

/** Counts effects, or says which limit they would break. What was counted stays so, whether or not it went out. */
export const spendAutonomy = (command: SpendAutonomy, state: AutonomyBudgetState, at_ms: number): Decision<AutonomyBudgetEvent, AutonomyRefusal> => {
  const { automation_id, effect_id, effects, limits: { max_effects_per_hour, max_effects_per_day } } = command;
  if (effects === 0 || state.recent_effects.includes(effect_id)) return accept();
  const { hour, day } = used(state, at_ms);
  const windows: readonly Window[] = [
    { code: 'hourly_autonomy_budget_exceeded', name: 'an hour', lasts_ms: hourMs, used: hour, limit: max_effects_per_hour },
    { code: 'daily_autonomy_budget_exceeded', name: 'a day', lasts_ms: dayMs, used: day, limit: max_effects_per_day },
  ];
  const exceeded = windows.find((window) => exceeds(window, command));
  if (exceeded !== undefined) return refuse(refusalOf(exceeded, at_ms));
  return accept({ event_type: 'autonomy_spent', data: { automation_id, effect_id, effects, spent_at_ms: at_ms } });
};

export const evolveAutonomyBudget = (state: AutonomyBudgetState, { data: { effect_id, effects, spent_at_ms } }: AutonomyBudgetEvent): AutonomyBudgetState => {
  const { hour, day } = used(state, spent_at_ms);
  return {
    hour: Math.floor(spent_at_ms / hourMs), hour_effects: hour + effects, day: Math.floor(spent_at_ms / dayMs), day_effects: day + effects,
    recent_effects: [...state.recent_effects, effect_id].slice(-rememberedEffects),
  };
};
