import { automationIdSchema, decideGate as decideGateMethod, eventCatalogue, runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { pageQuery, sequenceText, wordText } from './query.schema.js';
import { runCommandAnswer, runListAnswer, runReadAnswer } from './resources.schema.js';
import { defineRoute } from './route.js';

const tag = 'runs';
const runParams = z.object({ run_id: runIdSchema });
const maxTypes = 32;

const knownTypes: ReadonlySet<string> = new Set(Object.values(eventCatalogue).flatMap((events) => Object.keys(events)));

const typesText = wordText(2048)
  .transform((text) => [...new Set(text.split(',').map((type) => type.trim()))])
  .superRefine((types, context) => {
    if (types.length > maxTypes) context.addIssue({ code: 'custom', message: `expected at most ${maxTypes} event types` });
    for (const type of types) {
      if (!knownTypes.has(type)) context.addIssue({ code: 'custom', message: `"${type}" is not an event type; /asyncapi.json lists them` });
    }
  })
  .meta({ description: 'Event types, separated by commas; absent means all' });

export const listRuns = defineRoute({
  operationId: 'listRuns', method: 'GET', path: '/automations/v2/runs', tag, access: 'tenant', kind: 'read',
  summary: 'List runs, newest first',
  query: z.strictObject({ automation_id: automationIdSchema.optional(), status: wordText(32).optional(), ...pageQuery }),
  answer: { description: 'A page of runs', mediaType: 'application/json', schema: runListAnswer },
  errors: [],
});

export const getRun = defineRoute({
  operationId: 'getRun', method: 'GET', path: '/automations/v2/runs/{run_id}', tag, access: 'tenant', kind: 'read',
  summary: 'Read one run',
  params: runParams,
  answer: { description: 'The run', mediaType: 'application/json', schema: runReadAnswer },
  errors: ['AUTOMATION_V2_RUN_NOT_FOUND'],
});

export const decideGate = defineRoute({
  operationId: 'decideGate', method: 'POST', path: '/automations/v2/runs/{run_id}/gate', tag, access: 'tenant', kind: 'command',
  summary: 'Decide the gate that a run waits at',
  description: 'Answered when the decision is in the log and in the archive. The first decision wins; a later one is refused and told the winner.',
  idempotent: true,
  params: runParams,
  body: { schema: decideGateMethod.payload.omit({ run_id: true, command_id: true }).strict(), mediaTypes: ['application/json'], required: true },
  answer: { description: 'The run after the decision', mediaType: 'application/json', schema: runCommandAnswer },
  errors: [
    'AUTOMATION_V2_RUN_NOT_FOUND', 'AUTOMATION_V2_GATE_REQUIRES_HUMAN', 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', 'AUTOMATION_V2_RUN_GATE_MISSING',
    'AUTOMATION_V2_GATE_INVALID_DECISION', 'AUTOMATION_V2_GATE_NODE_NOT_FOUND', 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED',
    'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN', 'AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE', 'AUTOMATION_V2_GATE_EXPIRED', 'AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED', 'AUTOMATION_V2_GATE_NOT_AN_APPROVER', 'AUTOMATION_V2_GATE_ALREADY_VOTED',
    'AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_REQUIRED', 'AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_DENIED',
    'AUTOMATION_V2_ACCESS_DENIED', 'ARCHIVE_BEHIND',
  ],
});

export const streamEvents = defineRoute({
  operationId: 'streamEvents', method: 'GET', path: '/automations/v2/events', tag, access: 'tenant', kind: 'stream',
  summary: 'Follow the events of the tenant as they happen (server-sent events)',
  description:
    'Each event has the id `<position>.<index>`, its type as event name and its JSON as data. Starts now, after `Last-Event-ID`, or after `after_position`. ' +
    'An `event: gap` tells that events after the asked position are no longer kept. A client that reads too slowly is disconnected and resumes with `Last-Event-ID`.',
  query: z.strictObject({ types: typesText.optional(), run_id: runIdSchema.optional(), after_position: sequenceText.optional().describe('Log position after which to start') }),
  answer: { description: 'The stream, without end', mediaType: 'text/event-stream' },
  errors: ['REQUEST_HEADER_INVALID', 'RATE_LIMITED'],
});
