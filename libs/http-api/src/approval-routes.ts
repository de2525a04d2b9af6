import { approvalKindSchema, automationIdSchema, gateOutcomeSchema, runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { approvalAnswer, approvalListAnswer } from './approval.schema.js';
import { booleanText, integerText, sequenceText, wordText } from './query.schema.js';
import { defineRoute } from './route.js';

const tag = 'approvals';

const kindsText = wordText(256)
  .transform((text) => [...new Set(text.split(',').map((kind) => kind.trim()))])
  .pipe(z.array(z.enum(approvalKindSchema.options, `expected kinds among ${approvalKindSchema.options.join(', ')}`)))
  .meta({ description: `Kinds, separated by commas: ${approvalKindSchema.options.join(', ')}; absent means all` });

const milliseconds = (what: string) => sequenceText.optional().describe(`${what}, in ms since the Unix epoch`);

const common = {
  source: wordText(64).optional().describe('automation_v2; an unknown source is an empty list'),
  org_id: wordText(64).optional(), workspace_id: wordText(64).optional().describe('With org_id: another tenant\'s is an empty list'),
  kind: kindsText.optional(),
  automation_id: automationIdSchema.optional(), run_id: runIdSchema.optional(),
};
const page = {
  limit: integerText.optional().describe('Default 100, at most 500'),
  cursor: wordText(600).optional().describe('`next_cursor` of the page before, of the same list with the same filters'),
};

export const listPendingApprovals = defineRoute({
  operationId: 'listPendingApprovals', method: 'GET', path: '/approvals/pending', tag, access: 'tenant', kind: 'read',
  summary: 'List open gates, newest request first',
  description: 'Filtered before it is cut. Another tenant\'s organisation or workspace, or an unknown source, is an empty list.',
  query: z.strictObject({
    ...common,
    risk_tier: wordText(64).optional(), data_class: wordText(64).optional().describe('Gates that concern data of this class'),
    requested_by: wordText(256).optional().describe('Id of the person or agent who asked, in any case'),
    mine: booleanText.optional().describe('true: only what you may decide and have not voted on'),
    since_ms: milliseconds('Requested at or after'), until_ms: milliseconds('Requested at or before'),
    expiring_before_ms: milliseconds('Runs out before this time; the list is then ordered by expiry, the next to run out first'),
    ...page,
  }),
  answer: { description: 'A page of open gates', mediaType: 'application/json', schema: approvalListAnswer },
  errors: [],
});

export const listDecidedApprovals = defineRoute({
  operationId: 'listDecidedApprovals', method: 'GET', path: '/approvals/decided', tag, access: 'tenant', kind: 'read',
  summary: 'List gates that are no longer open, newest decision first',
  description: 'Decided ones, and those whose run ended or was reset before anyone decided (`status: closed`).',
  query: z.strictObject({
    ...common, decision: z.enum(gateOutcomeSchema.options, `expected one of ${gateOutcomeSchema.options.join(', ')}`).optional(),
    since_ms: milliseconds('Decided at or after'), until_ms: milliseconds('Decided at or before'), ...page,
  }),
  answer: { description: 'A page of gates', mediaType: 'application/json', schema: approvalListAnswer },
  errors: [],
});

export const getApproval = defineRoute({
  operationId: 'getApproval', method: 'GET', path: '/approvals/{gate_opening_id}', tag, access: 'tenant', kind: 'read',
  summary: 'Read one opening of a gate, whatever became of it',
  params: z.object({ gate_opening_id: z.string().min(1).max(400) }),
  answer: { description: 'The opening', mediaType: 'application/json', schema: approvalAnswer },
  errors: ['APPROVAL_NOT_FOUND'],
});
