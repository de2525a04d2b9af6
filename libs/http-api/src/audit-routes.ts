import { auditCheckpointSchema, runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { auditRecordListAnswer } from './audit.schema.js';
import { booleanText, pageQuery, sequenceText, wordText } from './query.schema.js';
import { auditVerificationResource } from './resources.schema.js';
import { defineRoute } from './route.js';

const tag = 'audit';

export const verifyAudit = defineRoute({
  operationId: 'verifyAudit', method: 'GET', path: '/audit/ledger/manifest', tag, access: 'tenant', kind: 'read',
  summary: 'Recompute the audit chain of the tenant and say whether it holds',
  description: 'Looks at every hash, every signature and every link, at the commits that the records came from, and at the hashes that are kept outside the database. A long chain takes several calls: as long as `complete` is false, ask again with the `checkpoint` of the answer.',
  query: z.strictObject({ checkpoint: auditCheckpointSchema.optional().describe('Begin behind this record; the `checkpoint` of an earlier answer, kept where nobody could change it') }),
  answer: { description: 'What was found', mediaType: 'application/json', schema: auditVerificationResource },
  errors: ['RATE_LIMITED'],
});

const maxTypes = 50;
const typesText = wordText(4096)
  .transform((text) => [...new Set(text.split(',').map((type) => type.trim()))])
  .superRefine((types, context) => {
    if (types.length > maxTypes) context.addIssue({ code: 'custom', message: `expected at most ${maxTypes} types` });
    if (types.some((type) => type.length === 0 || type.length > 128)) context.addIssue({ code: 'custom', message: 'expected types of 1 to 128 characters, separated by commas' });
  })
  .meta({ description: 'Types of records, separated by commas; absent means all' });

const period = {
  from_ms: sequenceText.optional().describe('Recorded then or later, in ms since 1970'),
  until_ms: sequenceText.optional().describe('Recorded before'),
  types: typesText.optional(),
};

export const listAuditRecords = defineRoute({
  operationId: 'listAuditRecords', method: 'GET', path: '/audit/records', tag, access: 'tenant', kind: 'read',
  summary: 'List records of the audit, newest first',
  description: 'People who may see everything of the workspace read all records; agents, and people whose assertion makes them no administrator, what they did themselves.',
  query: z.strictObject({
    ...period, denials: booleanText.optional().describe('`true`: only those in which somebody was refused something'),
    actor_id: wordText(256).optional().describe('Who acted'), run_id: runIdSchema.optional(), ...pageQuery,
  }),
  answer: { description: 'A page of records', mediaType: 'application/json', schema: auditRecordListAnswer },
  errors: [],
});

export const exportAudit = defineRoute({
  operationId: 'exportAudit', method: 'GET', path: '/audit/export', tag, access: 'tenant', kind: 'stream',
  summary: 'Export the audit as lines of JSON',
  description:
    'For administrators; that it was exported, by whom and what, is in the audit itself. The first line (`kind: export`) says what was asked for and which key signed since when, ' +
    'then come the records in the order of the chain, the anchors, and a last line `kind: end`: without it the export is not complete.',
  query: z.strictObject(period),
  answer: { description: 'The export', mediaType: 'application/x-ndjson' },
  errors: ['AUDIT_ADMINISTRATOR_REQUIRED', 'LOG_UNAVAILABLE', 'PROJECTION_UNAVAILABLE', 'RATE_LIMITED'],
});
