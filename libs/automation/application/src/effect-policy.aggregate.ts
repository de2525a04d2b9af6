import { z } from 'zod';
import { effectPolicyVersionSchema, type EffectPolicyEvent } from '@cs/contracts';
import { evolveEffectPolicy, type EffectPolicyState } from '@cs/automation-domain';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';

const stateSchema = effectPolicyVersionSchema.extend({ recent_commands: z.array(z.object({ command_id: z.string(), digest: z.string() })).readonly() });

/** The policy of a workspace: its active version. Earlier versions are in the events and in their projection. */
export const effectPolicyAggregate: Aggregate<EffectPolicyState, EffectPolicyEvent> = {
  name: 'effect_policy',
  initialState: undefined,
  evolve: evolveEffectPolicy,
  status: (policy) => (policy === undefined ? 'absent' : 'active'),
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (policy) => (policy ?? null) as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};
