import { endedWaitSchema, resolveWait as resolveWaitMethod, runIdSchema, waitIdSchema, type WaitRecord } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { z } from 'zod';
import { integerText, wordText } from './query.schema.js';
import { runCommandAnswer } from './resources.schema.js';
import { defineRoute } from './route.js';

const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');
const json = z.custom<Json>();

/** A wait of a run, from its opening to its end. */
const waitResource = z.object({
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

const waitListAnswer = z.object({ waits: z.array(waitResource), count: z.int().nonnegative().describe('Items of this page'), next_cursor: z.string().optional().describe('Absent on the last page') });

const tag = 'waits';
const filters = {
  kind: wordText(32).optional().describe('Only waits of this kind'),
  status: wordText(32).optional().describe('Only waits in this status'),
  limit: integerText.optional().describe('Default 100, at most 500'),
  cursor: wordText(1000).optional().describe('`next_cursor` of the page before'),
};
const answer = { description: 'A page of waits: active ones first, then by due time', mediaType: 'application/json', schema: waitListAnswer };

export const listWaits = defineRoute({
  operationId: 'listWaits', method: 'GET', path: '/stateful-runtime/waits', tag, access: 'tenant', kind: 'read',
  summary: 'List what runs wait for; the next to be due first, and ended waits after all others',
  query: z.strictObject({ run_id: runIdSchema.optional(), ...filters }),
  answer, errors: [],
});

export const listRunWaits = defineRoute({
  operationId: 'listRunWaits', method: 'GET', path: '/automations/v2/runs/{run_id}/waits', tag, access: 'tenant', kind: 'read',
  summary: 'List the waits of a run',
  params: z.object({ run_id: runIdSchema }),
  query: z.strictObject(filters),
  answer, errors: ['AUTOMATION_V2_RUN_NOT_FOUND'],
});

export const resolveWait = defineRoute({
  operationId: 'resolveWait', method: 'POST', path: '/automations/v2/runs/{run_id}/waits/{wait_id}/resolve', tag, access: 'tenant', kind: 'command',
  summary: 'Say that the condition holds that a run waits for',
  description: 'Takes effect once: `idempotency_key` gets the same answer whenever it comes again; another key is told what ended the wait.',
  params: z.object({ run_id: runIdSchema, wait_id: waitIdSchema }),
  body: { schema: resolveWaitMethod.payload.omit({ run_id: true, wait_id: true }).strict(), mediaTypes: ['application/json'], required: true },
  answer: { description: 'How the wait ended, and the run after it', mediaType: 'application/json', schema: runCommandAnswer.extend({ wait: endedWaitSchema }) },
  errors: [
    'AUTOMATION_V2_ACCESS_DENIED',
    'AUTOMATION_V2_RUN_NOT_FOUND', 'AUTOMATION_V2_WAIT_NOT_FOUND', 'AUTOMATION_V2_WAIT_NOT_RESOLVABLE', 'AUTOMATION_V2_WAIT_ALREADY_ENDED',
    'AUTOMATION_V2_WAIT_PAYLOAD_INVALID', 'AUTOMATION_V2_WAIT_PAYLOAD_TOO_LARGE',
  ],
});
