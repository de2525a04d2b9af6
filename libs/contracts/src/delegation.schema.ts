import { z } from 'zod';
import { riskTierSchema } from './authority.schema.js';
import { automationIdSchema, epochMsSchema } from './scalars.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

const person = z.string().min(1).max(300);

/** `delegation-` and what it follows from: the person who is stood in for, and the request. */
export const delegationIdSchema = z.string().regex(/^delegation-[0-9a-f]{32}-[0-9a-f]{16}$/, 'expected the id of a delegation');

/** Gates that a delegation is for: those that fit every list that is given; without a list, all. */
export const delegationScopeSchema = z.strictObject({
  automation_ids: z.array(automationIdSchema).min(1).max(100).readonly().exactOptional().describe('Only gates of these automations.'),
  risk_tiers: z.array(riskTierSchema).min(1).max(20).readonly().exactOptional().describe('Only gates of these risk tiers; a gate without one does not fit.'),
});
export type DelegationScope = z.infer<typeof delegationScopeSchema>;

/** One person stands in for another at gates, for a time. People are in one spelling whatever channel they come through. */
export const delegationSchema = z.object({
  delegation_id: delegationIdSchema,
  /** Who is stood in for. */
  delegator: person,
  stand_in: person,
  /** From this moment on, in ms since the epoch. */
  from_ms: epochMsSchema,
  /** Before this moment. */
  until_ms: epochMsSchema,
  reason: z.string().max(1000),
  scope: delegationScopeSchema,
  set_by: governanceActorSchema,
  set_at_ms: epochMsSchema,
});
export type Delegation = z.infer<typeof delegationSchema>;

/** Whose seat somebody took at a gate, and what let them. */
export const onBehalfOfSchema = z.object({ person, stand_in: person, delegation_id: delegationIdSchema });
export type OnBehalfOf = z.infer<typeof onBehalfOfSchema>;

/** `scheduled` has not begun; `over` reached its time; `ended` was ended before that. */
export const delegationStatuses = ['scheduled', 'in_force', 'over', 'ended'] as const;

/** A delegation as it is shown. */
export interface DelegationRecord extends Delegation {
  readonly status: (typeof delegationStatuses)[number];
  /** Decisions and votes that were asked for under it. */
  readonly uses: number;
  readonly ended_at_ms: number | null;
  readonly ended_by: z.infer<typeof governanceActorSchema> | null;
  readonly end_reason: string | null;
}

/** What a delegation is at a moment. Its begin counts, its end does not. */
export const delegationStatus = ({ from_ms, until_ms, ended_at_ms }: { readonly from_ms: number; readonly until_ms: number; readonly ended_at_ms: number | null }, at_ms: number): DelegationRecord['status'] => {
  if (ended_at_ms !== null) return 'ended';
  if (at_ms >= until_ms) return 'over';
  return at_ms < from_ms ? 'scheduled' : 'in_force';
};
