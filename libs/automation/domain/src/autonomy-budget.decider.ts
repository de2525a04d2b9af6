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

export type AutonomyRefusal = Refusal<'hourly_autonomy_budget_exceeded' | 'daily_autonomy_budget_exceeded'>;

const exceeds = (used: number, { effects }: SpendAutonomy, limit: number | undefined): boolean => limit !== undefined && used + effects > limit;

const used = (state: AutonomyBudgetState, at_ms: number): { readonly hour: number; readonly day: number } => ({
  hour: state.hour === Math.floor(at_ms / hourMs) ? state.hour_effects : 0, day: state.day === Math.floor(at_ms / dayMs) ? state.day_effects : 0,
});

/** Counts effects, or says which limit they would break. What was counted stays so, whether or not it went out. */
export const spendAutonomy = (command: SpendAutonomy, state: AutonomyBudgetState, at_ms: number): Decision<AutonomyBudgetEvent, AutonomyRefusal> => {
  const { automation_id, effect_id, effects, limits: { max_effects_per_hour, max_effects_per_day } } = command;
  if (effects === 0 || state.recent_effects.includes(effect_id)) return accept();
  const { hour, day } = used(state, at_ms);
  if (exceeds(hour, command, max_effects_per_hour)) return refuse({ code: 'hourly_autonomy_budget_exceeded', message: `the automation may have ${max_effects_per_hour} effects an hour without an approval, and has had ${hour}` });
  if (exceeds(day, command, max_effects_per_day)) return refuse({ code: 'daily_autonomy_budget_exceeded', message: `the automation may have ${max_effects_per_day} effects a day without an approval, and has had ${day}` });
  return accept({ event_type: 'autonomy_spent', data: { automation_id, effect_id, effects, spent_at_ms: at_ms } });
};

export const evolveAutonomyBudget = (state: AutonomyBudgetState, { data: { effect_id, effects, spent_at_ms } }: AutonomyBudgetEvent): AutonomyBudgetState => {
  const { hour, day } = used(state, spent_at_ms);
  return {
    hour: Math.floor(spent_at_ms / hourMs), hour_effects: hour + effects, day: Math.floor(spent_at_ms / dayMs), day_effects: day + effects,
    recent_effects: [...state.recent_effects, effect_id].slice(-rememberedEffects),
  };
};
