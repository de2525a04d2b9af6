import { automationDefinitionSchema, type AutomationDefinition, type DefinitionEvent } from '@cs/contracts';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';

/** A definition under its hash; written once. */
export const definitionAggregate: Aggregate<AutomationDefinition | undefined, DefinitionEvent> = {
  name: 'definition',
  initialState: undefined,
  evolve: (_state, event) => event.data.definition,
  status: () => 'stored',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (definition) => (definition ?? null) as unknown as Json,
  readState: (value) => automationDefinitionSchema.parse(value),
};
