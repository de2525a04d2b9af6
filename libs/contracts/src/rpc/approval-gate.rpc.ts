import { z } from 'zod';
import type { RunRecord } from '../run-record.js';
import { runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

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
    command_id: commandIdSchema.optional(),
  }),
);
