import { z } from 'zod';
import type { HandoffConfig } from '../definition.schema.js';
import { handoffArtifactSchema, type HandoffRecord } from '../handoff.schema.js';
import { automationIdSchema, handoffIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

/** Leaves a handoff for an automation. Approved at once where the target's `handoff_config` says so. */
export const depositHandoff = rpcMethod<HandoffRecord>()(
  'cs.rpc.runner.handoff_deposit',
  z.object({
    automation_id: automationIdSchema,
    ...handoffArtifactSchema.omit({ handoff_id: true, target_automation_id: true, created_at_ms: true }).shape,
    command_id: commandIdSchema.optional(),
  }),
);

/** Approves a handoff. One that was approved or consumed already stays as it is. */
export const approveHandoff = rpcMethod<HandoffRecord>()('cs.rpc.runner.handoff_approve', z.object({ automation_id: automationIdSchema, handoff_id: handoffIdSchema }));

export interface HandoffLists {
  readonly inbox: readonly HandoffRecord[];
  readonly approved: readonly HandoffRecord[];
  readonly archived: readonly HandoffRecord[];
  readonly counts: { readonly inbox: number; readonly approved: number; readonly archived: number; readonly total: number };
  /** As it applies, with its defaults. */
  readonly handoff_config: HandoffConfig;
}

const minPosition = { min_position: z.int().nonnegative().optional() };

/** Handoffs for one automation, oldest first, at most 512 of each list: the oldest that wait, the newest that are archived. */
export const listHandoffs = rpcMethod<HandoffLists>()('cs.rpc.observability.handoff_list', z.object({ automation_id: automationIdSchema, ...minPosition }));

/** Approved handoffs for an automation that fit a watch condition, oldest first. */
export const listAvailableHandoffs = rpcMethod<{ handoffs: readonly HandoffRecord[] }>()(
  'cs.rpc.observability.handoff_available',
  z.object({
    automation_id: automationIdSchema,
    source_automation_id: automationIdSchema.optional(),
    artifact_type: z.string().optional(),
    /** The last of the page before. */
    after: z.object({ created_at_ms: z.int().nonnegative(), handoff_id: z.string() }).optional(),
    limit: z.int().min(1).max(100).default(10),
    ...minPosition,
  }),
);

const watchTarget = z.object({
  org_id: z.string(), workspace_id: z.string(), automation_id: z.string(),
  /** When the oldest of its handoffs was left, in ms. */
  oldest_ms: z.int().nonnegative(),
});
export type WatchTarget = z.infer<typeof watchTarget>;

const watchTargetRange = z.object({
  /** The last of the page before. */
  after: watchTarget.optional(),
  limit: z.int().min(1).max(1000).default(200),
});
export type WatchTargetRange = z.infer<typeof watchTargetRange>;

/** Active automations of every tenant with watch conditions and approved handoffs, the longest waiting first. For services only. */
export const listWatchTargets = rpcMethod<{ targets: readonly WatchTarget[] }>()('cs.rpc.observability.watch_targets', watchTargetRange);
