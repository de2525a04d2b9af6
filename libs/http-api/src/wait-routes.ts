import { endedWaitSchema, resolveWait as resolveWaitMethod, runIdSchema, waitIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { integerText, wordText } from './query.schema.js';
import { runCommandAnswer } from './resources.schema.js';
import { defineRoute } from './route.js';
import { waitResource } from './wait.schema.js';

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
