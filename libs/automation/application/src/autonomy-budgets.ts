import { z } from 'zod';
import { evolveAutonomyBudget, spendAutonomy, unspentBudget, type AutonomyBudgetState, type AutonomyRefusal, type SpendAutonomy } from '@cs/automation-domain';
import type { AggregateRef, AutonomyBudgetEvent } from '@cs/contracts';
import { executeCommand, type Aggregate, type Eventing } from '@cs/eventing';
import type { Json } from '@cs/kernel';

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

/**
 * Counts effects that go out without an approval. Runs of one automation write to one aggregate, so that no two of
 * them have the last place.
 */
export class AutonomyBudgets {
  readonly #eventing: Eventing;

  constructor(eventing: Eventing) {
    this.#eventing = eventing;
  }

  /** The limit that is in the way; `undefined` when the effects were counted, now or before. */
  async spend({ org_id, workspace_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'>, command: SpendAutonomy): Promise<AutonomyRefusal | undefined> {
    const result = await executeCommand({ org_id, workspace_id, aggregate: 'autonomy_budget', id: command.automation_id }, {
      eventing: this.#eventing, aggregate: autonomyBudgetAggregate, context: { correlation_id: command.automation_id },
      decide: (state, at_ms) => spendAutonomy(command, state, at_ms),
    });
    if (result.kind === 'contended') throw new Error(`The autonomy budget of "${command.automation_id}" is being written to by others`);
    return result.kind === 'refused' ? result.refusal : undefined;
  }
}
