import type { WaitRecord } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { z } from 'zod';

const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');
const json = z.custom<Json>();

/** A wait of a run, from its opening to its end. */
export const waitResource = z.object({
  schema_version: z.literal(1),
  wait_id: z.string(),
  run_id: z.string(),
  wait_kind: z.string().describe('timer, retry_backoff, webhook, external_condition, approval, child_run or worker_task'),
  status: z.string().describe('waiting, escalated, woken, timed_out or cancelled'),
  scope: z.object({ schema_version: z.literal(1), tenant_context: z.object({ org_id: z.string(), workspace_id: z.string(), deployment_id: z.string().nullable() }) }),
  phase_id: z.string().nullable().describe('Node that waits'),
  reason: z.string().nullable(),
  created_at_ms: milliseconds,
  updated_at_ms: milliseconds,
  wake_at_ms: milliseconds.nullable(),
  timeout_policy: json.nullable().describe('timeout_at_ms, on_timeout, escalate_to, remind_every_ms'),
  event_seq: z.int().nonnegative().describe('The event of the run that made the wait what it is'),
  wake_idempotency_key: z.string().nullable().describe('What ended the wait'),
  completed_at_ms: milliseconds.nullable(),
  metadata: json.nullable().describe('What the wait is for: webhook_match, condition_key, payload_schema, branch, reminders'),
}) satisfies z.ZodType<WaitRecord>;
