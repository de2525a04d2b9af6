import { z } from 'zod';
import type { ApprovalRequest } from '../approval-request.js';
import { approvalKindSchema, gateOutcomeSchema } from '../gate.schema.js';
import { automationIdSchema, epochMsSchema, runIdSchema } from '../scalars.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';

const kinds = z.array(approvalKindSchema).min(1).readonly();
const elsewhere = { source: z.string().max(64).optional(), org_id: z.string().max(64).optional(), workspace_id: z.string().max(64).optional() };
const page = {
  limit: z.int().default(100).transform((value) => Math.min(Math.max(value, 1), 500)),
  cursor: z.string().max(600).optional(),
  min_position: z.int().nonnegative().optional(),
};
const common = { ...elsewhere, kinds: kinds.optional(), automation_id: automationIdSchema.optional(), run_id: runIdSchema.optional(), since_ms: epochMsSchema.optional(), until_ms: epochMsSchema.optional() };

/**
 * Open gates, newest request first; with `expiring_before_ms` the next to run out first. Another tenant's org or
 * workspace, or an unknown source, is an empty list.
 */
export const listPendingApprovals = rpcMethod<Page<ApprovalRequest>>()(
  'cs.rpc.observability.approvals_pending',
  z.object({
    ...common,
    risk_tier: z.string().max(64).optional(),
    data_class: z.string().max(64).optional(),
    /** A person's or an agent's id, in any case. */
    requested_by: z.string().max(256).optional(),
    /** Only what the caller may decide and has not voted on. */
    mine: z.boolean().optional(),
    expiring_before_ms: epochMsSchema.optional(),
    ...page,
  }),
);

/** Gates that were decided, or whose run ended first, newest first. `since_ms` and `until_ms` are about that time. */
export const listDecidedApprovals = rpcMethod<Page<ApprovalRequest>>()(
  'cs.rpc.observability.approvals_decided',
  z.object({ ...common, decision: gateOutcomeSchema.optional(), ...page }),
);

/** One gate opening, whatever became of it. */
export const getApproval = rpcMethod<ApprovalRequest>()('cs.rpc.observability.approval_get', z.object({ gate_opening_id: z.string().min(1).max(400), min_position: page.min_position }));
