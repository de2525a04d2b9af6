import { z } from 'zod';
import { evolveAutonomyBudget, spendAutonomy, unspentBudget, type AutonomyBudgetState, type AutonomyRefusal, type SpendAutonomy } from '@cs/automation-domain';
import type { AutonomyBudgetEvent, AutonomyTransitionEvent, Run } from '@cs/contracts';
import { executeCommand, type Aggregate, type Eventing } from '@cs/eventing';
import { accept, canonicalJson, type Json } from '@cs/kernel';

const count = z.int().nonnegative();
const stateSchema = z.object({ hour: count, hour_effects: count, day: count, day_effects: count, recent_effects: z.array(z.string()).readonly() });

/** What an automation did without asking, under its id. */
export const autonomyBudgetAggregate: Aggregate<AutonomyBudgetState, AutonomyBudgetEvent> = {
  name: 'autonomy_budget',
  initialState: unspentBudget,
  evolve: evolveAutonomyBudget,
  status: () => 'spent',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (budget) => budget as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};

/** An effect that a budget keeps from going out by itself, under what names the effect and the hour or day. */
export const autonomyTransitionAggregate: Aggregate<boolean, AutonomyTransitionEvent> = {
  name: 'autonomy_transition',
  initialState: false,
  evolve: () => true,
  status: () => 'act_with_approval',
  isAtRest: () => false,
  stateVersion: 1,
  writeState: (recorded) => recorded,
  readState: () => true,
};

/** An effect on its way out, and the run that it is of. */
export interface EffectOnItsWay extends SpendAutonomy, Pick<Run, 'run_id' | 'tenant_context'> {
  readonly node_id: string;
}

const transitionEvents = ({ automation_id, tenant_context, run_id, node_id, effect_id, effects }: EffectOnItsWay, { code: reason_code, exceeded }: AutonomyRefusal): readonly [AutonomyTransitionEvent, AutonomyTransitionEvent] => {
  const held = { automation_id, tenant_context, run_id, node_id, effect_id, reason_code };
  return [
    { event_type: 'autonomy_budget_exceeded', data: { ...held, effects, ...exceeded } },
    { event_type: 'autonomy_tier_changed', data: { ...held, from_tier: 'act_auto', to_tier: 'act_with_approval' } },
  ];
};

/**
 * Counts effects that go out without an approval. Runs of one automation write to one aggregate, so that no two of
 * them have the last place. What a budget keeps back is recorded before the gate opens, once for each hour or day.
 */
export class AutonomyBudgets {
  readonly #eventing: Eventing;

  constructor(eventing: Eventing) {
    this.#eventing = eventing;
  }

  /** The limit that is in the way; `undefined` when the effects were counted, now or before. */
  async spend(effect: EffectOnItsWay): Promise<AutonomyRefusal | undefined> {
    const { automation_id, tenant_context: { org_id, workspace_id } } = effect;
    const result = await executeCommand({ org_id, workspace_id, aggregate: 'autonomy_budget', id: automation_id }, {
      eventing: this.#eventing, aggregate: autonomyBudgetAggregate, context: { correlation_id: automation_id },
      decide: (state, at_ms) => spendAutonomy(effect, state, at_ms),
    });
    if (result.kind === 'contended') throw new Error(`The autonomy budget of "${automation_id}" is being written to by others`);
    if (result.kind === 'accepted') return undefined;
    await this.#record(effect, result.refusal);
    return result.refusal;
  }

  /** Under an id that follows from what happened: asking again, or another runner that asks, finds it recorded. */
  async #record(effect: EffectOnItsWay, refusal: AutonomyRefusal): Promise<void> {
    const { automation_id, effect_id, run_id, tenant_context: { org_id, workspace_id } } = effect;
    const id = this.#eventing.digest(canonicalJson([automation_id, effect_id, refusal.code, refusal.exceeded.window_begins_at_ms])).slice(0, 40);
    const result = await executeCommand<boolean, AutonomyTransitionEvent, never>({ org_id, workspace_id, aggregate: 'autonomy_transition', id }, {
      eventing: this.#eventing, aggregate: autonomyTransitionAggregate, context: { causation_id: run_id, correlation_id: automation_id },
      decide: (isRecorded) => (isRecorded ? accept() : accept(...transitionEvents(effect, refusal))),
    });
    if (result.kind === 'contended') throw new Error(`What keeps "${effect_id}" back is being recorded by others`);
  }
}
