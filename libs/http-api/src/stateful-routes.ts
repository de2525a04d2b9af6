import { automationIdSchema, runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { booleanText, integerText, pageQuery, sequenceText, wordText } from './query.schema.js';
import { deadLetterListAnswer, runEventsAnswer, statefulRunListAnswer } from './resources.schema.js';
import { defineRoute } from './route.js';
import { statefulRunAnswer } from './snapshot.schema.js';

const tag = 'stateful runtime';
const runParams = z.object({ run_id: runIdSchema });

export const listStatefulRuns = defineRoute({
  operationId: 'listStatefulRuns', method: 'GET', path: '/stateful-runtime/runs', tag, access: 'tenant', kind: 'read',
  summary: 'List the stateful view of runs, newest first',
  description: 'Filtered before it is cut; a run has to fit every filter. Another tenant\'s organisation, workspace or deployment is an empty list.',
  query: z.strictObject({
    status: wordText(32).optional(), phase: wordText(64).optional(), kind: wordText(64).optional().describe('automation_v2; there are no others'), source: wordText(64).optional().describe('The older name of `kind`'),
    trigger: wordText(64).optional().describe('Part of the trigger type'), org_id: wordText(64).optional(), workspace_id: wordText(64).optional(), deployment_id: wordText(64).optional(),
    workflow_id: wordText(256).optional().describe('No run of an automation is of a workflow: an empty list'), automation_id: automationIdSchema.optional(),
    org_unit_id: wordText(256).optional().describe('Unit that owns what the definition is about'), owner_id: wordText(256).optional(), owner_kind: wordText(64).optional(),
    resource_kind: wordText(64).optional(), resource_id: wordText(256).optional(), policy_version_id: wordText(256).optional(), data_class: wordText(64).optional().describe('Of the definition or a node'),
    risk_tier: wordText(64).optional().describe('Of the definition or a node'), delegation_grant_id: wordText(256).optional(), source_binding_id: wordText(256).optional(),
    ...pageQuery,
  }),
  answer: { description: 'A page of runs', mediaType: 'application/json', schema: statefulRunListAnswer },
  errors: [],
});

export const getStatefulRun = defineRoute({
  operationId: 'getStatefulRun', method: 'GET', path: '/stateful-runtime/runs/{run_id}', tag, access: 'tenant', kind: 'read',
  summary: 'Read the stateful view of a run with its latest events and snapshots',
  params: runParams,
  query: z.strictObject({
    event_limit: integerText.optional().describe('Default 50, from 1 to 500'), snapshot_limit: integerText.optional().describe('Default 10, from 1 to 200'),
  }),
  answer: { description: 'The run, its latest events and its latest snapshots, each ascending', mediaType: 'application/json', schema: statefulRunAnswer },
  errors: ['stateful_run_not_found'],
});

export const listRunEvents = defineRoute({
  operationId: 'listRunEvents', method: 'GET', path: '/stateful-runtime/runs/{run_id}/events', tag, access: 'tenant', kind: 'read',
  summary: 'Read the timeline of a run in ascending order',
  params: runParams,
  query: z.strictObject({
    after_seq: sequenceText.optional().describe('Only later events'),
    since_seq: sequenceText.optional().describe('The older name of `after_seq`'),
    before_seq: sequenceText.optional().describe('Only earlier events'),
    limit: integerText.optional().describe('Default 250, at most 1000; 0 is the maximum'),
    tail: booleanText.optional().describe('Keep the last `limit` events instead of the first'),
  }),
  answer: { description: 'Events of the run', mediaType: 'application/json', schema: runEventsAnswer },
  errors: ['stateful_run_not_found'],
});

export const listDeadLetters = defineRoute({
  operationId: 'listDeadLetters', method: 'GET', path: '/dead-letters', tag: 'operations', access: 'tenant', kind: 'read',
  summary: 'List what was given up and waits for a person: messages, nodes, waits',
  query: z.strictObject(pageQuery),
  answer: { description: 'A page of dead letters', mediaType: 'application/json', schema: deadLetterListAnswer },
  errors: [],
});
