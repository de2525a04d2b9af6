import type { JsonObject } from '@cs/kernel';
import { z } from 'zod';
import type { RunRecord } from '../run-record.js';
import { runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

/** A decision, and the compact JWS (RFC 7515) by which anyone with our public key can check it. */
export interface DecisionReceipt {
  readonly node_id: string;
  readonly gate_opening_id: string;
  readonly decision: string;
  readonly decided_at_ms: number;
  readonly receipt: string;
}

/** Receipts of every decision that was made on a run, oldest first. */
export const listReceipts = rpcMethod<{ readonly receipts: readonly DecisionReceipt[] }>()('cs.rpc.approval-gate.receipts', z.object({ run_id: runIdSchema }));

/** The public keys that receipts are checked with, as a JWK set (RFC 7517). The same for every tenant. */
export const getReceiptKeys = rpcMethod<JsonObject>()('cs.rpc.approval-gate.receipt_keys', z.object({}));

/** Decides the gate that a run waits at. Answered when the decision is in the log and in the archive. */
export const decideGate = rpcMethod<RunRecord>()(
  'cs.rpc.approval-gate.decide',
  z.object({
    run_id: runIdSchema,
    decision: z.string().max(64),
    reason: z.string().max(4000).optional(),
    /** Bind the decision to one request or opening: a mismatch means it is no longer open. */
    approval_request_id: z.string().max(400).optional(),
    transition_id: z.string().max(400).optional(),
    gate_opening_id: z.string().max(400).optional(),
    on_behalf_of: z.string().min(1).max(256).optional().describe('Whom you stand in for. Absent: yourself or, where you may not decide yourself, the first approver who named you.'),
    command_id: commandIdSchema.optional(),
  }),
);
