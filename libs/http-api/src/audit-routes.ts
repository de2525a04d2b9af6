import { auditCheckpointSchema } from '@cs/contracts';
import { z } from 'zod';
import { auditVerificationResource } from './resources.schema.js';
import { defineRoute } from './route.js';

const tag = 'audit';

export const verifyAudit = defineRoute({
  operationId: 'verifyAudit', method: 'GET', path: '/audit/ledger/manifest', tag, access: 'tenant', kind: 'read',
  summary: 'Recompute the audit chain of the tenant and say whether it holds',
  description: 'Looks at every hash, every signature and every link, at the commits that the records came from, and at the hashes that are kept outside the database. A long chain takes several calls: as long as `complete` is false, ask again with the `checkpoint` of the answer.',
  query: z.strictObject({ checkpoint: auditCheckpointSchema.optional().describe('Begin behind this record; the `checkpoint` of an earlier answer, kept where nobody could change it') }),
  answer: { description: 'What was found', mediaType: 'application/json', schema: auditVerificationResource },
  errors: [],
});
