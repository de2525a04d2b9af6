import { z } from 'zod';
import { nodeOutputSchema, openWaitSchema } from '../run.schema.js';
import { epochMsSchema, nodeIdSchema, runIdSchema } from '../scalars.schema.js';
import { itemSchema } from './run-steps.events.js';

/** What every end of a wait, and every reminder, says of it. */
const ended = {
  wait_id: z.string(),
  node_id: nodeIdSchema,
  item: itemSchema,
  wait_kind: z.string(),
  /** Follows from the wait and what ended it, so that the same cause has one effect (domain 8.4). */
  wake_idempotency_key: z.string(),
  /** `stateful_runtime.wait.{what happened}` (domain 8.4, 8.8, 8.9). */
  wait_event: z.string().optional(),
};
const timedOut = { ...ended, due_at_ms: epochMsSchema, reason: z.string() };

/** Waits of a run: opened, ended, timed out (domain 8). */
export const runWaitEvents = {
  wait_node_registered: { version: 1, data: z.object({ wait: openWaitSchema }), summary: 'A wait node opened its wait, or one of the branches of a wait for any.' },
  stateful_wait_woken_requeued: {
    version: 1,
    data: z.object({ ...ended, output: nodeOutputSchema.optional(), delivery_id: z.string().optional(), abandoned_child_run_id: runIdSchema.optional() }),
    summary: 'A wait ended and its node goes on; other branches of its node are cancelled.',
  },
  stateful_wait_timeout_cancelled_run: { version: 1, data: z.object({ ...timedOut, stop_kind: z.string() }), summary: 'A wait was not ended in time, and its run was cancelled for it.' },
  stateful_wait_timeout_paused_run: {
    version: 1,
    data: z.object({ ...timedOut, wait_status: z.enum(['escalated', 'timed_out']), escalated_to: z.string().optional() }),
    summary: 'A wait was not ended in time, and its run stands until an operator resumes it; then the wait opens anew.',
  },
  stateful_wait_timeout_reminded: {
    version: 1,
    data: z.object({ ...timedOut, reminder_count: z.int().positive(), last_reminded_at_ms: epochMsSchema, next_reminder_at_ms: epochMsSchema }),
    summary: 'A wait was not ended in time; it goes on, with another reminder after its interval.',
  },
  run_parked: { version: 1, data: z.object({ wait_ids: z.array(z.string()).readonly(), retry_after_ms: epochMsSchema.optional() }), summary: 'Nothing can run until a wait ends; the runner let go of the run.' },
};
