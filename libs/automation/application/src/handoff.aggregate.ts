import { z } from 'zod';
import { handoffArtifactSchema, tenantContextSchema, type HandoffEvent } from '@cs/contracts';
import { evolveHandoff, type HandoffState } from '@cs/automation-domain';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';

const common = z.object({ handoff: handoffArtifactSchema, tenant_context: tenantContextSchema });
const stateSchema = z.discriminatedUnion('status', [
  common.extend({ status: z.literal(['inbox', 'approved']) }),
  common.extend({ status: z.literal('archived'), consumed_by_run_id: z.string(), consumed_by_automation_id: z.string(), consumed_at_ms: z.int().nonnegative() }),
]);

/** A handoff; its routing token is its state: inbox, approved, archived. */
export const handoffAggregate: Aggregate<HandoffState, HandoffEvent> = {
  name: 'handoff',
  initialState: undefined,
  evolve: evolveHandoff,
  status: (handoff) => handoff?.status ?? 'absent',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (handoff) => (handoff ?? null) as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};
