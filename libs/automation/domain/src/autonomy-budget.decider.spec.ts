import type { AutonomyLimits } from '@cs/contracts';
import { evolveAutonomyBudget, spendAutonomy, unspentBudget, type AutonomyBudgetState } from './autonomy-budget.decider.js';

const hour = 3_600_000;
const limits = { max_effects_per_hour: 2, max_effects_per_day: 3 };
const spend = (effect_id: string, at_ms: number, { state, effects = 1, of = limits }: { state: AutonomyBudgetState; effects?: number; of?: AutonomyLimits }) => {
  const decision = spendAutonomy({ automation_id: 'a', effect_id, effects, limits: of }, state, at_ms);
  return decision.kind === 'refused' ? { code: decision.refusal.code, state } : { code: 'spent', state: decision.events.reduce(evolveAutonomyBudget, state) };
};
/** What becomes of effects one after the other, each at its hour. */
const codes = (...hours: readonly number[]): readonly string[] => {
  let state = unspentBudget;
  return hours.map((at, index) => {
    const next = spend(`e${index}`, at * hour, { state });
    state = next.state;
    return next.code;
  });
};

describe('an autonomy budget', () => {
  it('says which limit is in the way, how much of it is used, and since when it counts', () => {
    const state = spend('e1', 26.5 * hour, { state: unspentBudget, effects: 2 }).state;
    const refused = (at_ms: number, effects = 1) => spendAutonomy({ automation_id: 'a', effect_id: 'e2', effects, limits }, state, at_ms);
    expect(refused(26.9 * hour)).toMatchObject({ kind: 'refused', refusal: { code: 'hourly_autonomy_budget_exceeded', exceeded: { limit: 2, used: 2, window_begins_at_ms: 26 * hour } } });
    expect(refused(30 * hour, 2)).toMatchObject({ kind: 'refused', refusal: { code: 'daily_autonomy_budget_exceeded', exceeded: { limit: 3, used: 2, window_begins_at_ms: 24 * hour } } });
  });

  it('is spent effect by effect, and whole again with the next hour and day', () => {
    expect(codes(0, 0.5, 0.9)).toEqual(['spent', 'spent', 'hourly_autonomy_budget_exceeded']);
    expect(codes(0, 0.5, 1, 1.5)).toEqual(['spent', 'spent', 'spent', 'daily_autonomy_budget_exceeded']);
    expect(codes(0, 0.5, 1, 23.9, 24)).toEqual(['spent', 'spent', 'spent', 'daily_autonomy_budget_exceeded', 'spent']);
  });

  it('counts an effect once, whatever the number of its attempts', () => {
    const first = spend('e', 0, { state: unspentBudget }).state;
    expect(spend('e', 1, { state: first })).toEqual({ code: 'spent', state: first });
  });

  it('counts each item of a list, and lets none of them out when it has no room for all', () => {
    expect(spend('list', 0, { state: unspentBudget, effects: 3 }).code).toBe('hourly_autonomy_budget_exceeded');
    expect(spend('list', 0, { state: unspentBudget, effects: 2 }).state).toMatchObject({ hour_effects: 2, day_effects: 2 });
    expect(spend('list', 0, { state: unspentBudget, effects: 0 }).state).toEqual(unspentBudget);
  });

  it('of nothing lets nothing out, and one without a limit everything', () => {
    expect(spend('e', 0, { state: unspentBudget, of: { max_effects_per_day: 0 } }).code).toBe('daily_autonomy_budget_exceeded');
    expect(spend('e', 0, { state: unspentBudget, effects: 1_000_000, of: {} }).code).toBe('spent');
  });

  it('remembers as many effects as matter, and no more', () => {
    let state = unspentBudget;
    for (let index = 0; index < 600; index += 1) state = spend(`e${index}`, 0, { state, of: {} }).state;
    expect([state.recent_effects.length, state.recent_effects.at(-1), state.hour_effects]).toEqual([500, 'e599', 600]);
  });
});
