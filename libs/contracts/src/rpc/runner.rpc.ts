import { z } from 'zod';
import { approvalIdSchema } from '../governance.schema.js';
import type { AutomationRecord } from '../read-models.schema.js';
import type { RunRecord } from '../run-record.js';
import { automationIdSchema, jsonSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';

/** The caller's idempotency key: a command repeated with it has one effect and one answer. */
export const commandIdSchema = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'Idempotency-Key: 1 to 128 visible ASCII characters');

/** Stores a new automation. The definition is checked by the runner; the same definition again changes nothing. */
export const createAutomation = rpcMethod<AutomationRecord>()('cs.rpc.runner.automation_create', z.object({ definition: jsonSchema, /** Of a quota override, for an agent. */ approval_id: approvalIdSchema.optional() }));

/** Replaces the top-level members that are given. */
export const patchAutomation = rpcMethod<AutomationRecord>()(
  'cs.rpc.runner.automation_patch',
  z.object({ automation_id: automationIdSchema, patch: jsonSchema }),
);

export const runNow = rpcMethod<RunRecord>()(
  'cs.rpc.runner.run_now',
  z.object({
    automation_id: automationIdSchema,
    input: jsonSchema.optional(),
    /** Input partition that the run is pinned to; some definitions require one. */
    runtime_context: jsonSchema.optional(),
    dry_run: z.boolean().optional(),
    execution_profile: z.enum(['strict', 'guided', 'yolo']).optional(),
    /** Of a launch, for an agent: a person allowed exactly this, once. */
    approval_id: approvalIdSchema.optional(),
    command_id: commandIdSchema.optional(),
  }),
);
