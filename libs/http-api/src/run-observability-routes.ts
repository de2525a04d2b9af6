import { runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { integerText } from './query.schema.js';
import { defineRoute } from './route.js';
import { runObservabilityAnswer } from './run-observability.schema.js';

const limit = (what: string) => integerText.optional().describe(`${what}: default 100, from 1 to 500`);

export const observeRun = defineRoute({
  operationId: 'observeRun', method: 'GET', path: '/stateful-runtime/runs/{run_id}/observability', tag: 'stateful runtime', access: 'tenant', kind: 'read',
  summary: 'Read everything about one run in one document: what it waits for, why, what happened, and what an operator may do',
  description: 'Read only, and as of one moment. Of the audit it holds digests, never what a record says.',
  params: z.object({ run_id: runIdSchema }),
  query: z.strictObject({
    event_limit: limit('Newest events'), snapshot_limit: limit('Newest snapshots'), audit_limit: limit('Newest audit records'),
    reliability_limit: limit('Ended waits, policy decisions and each collection of the ledger; active waits are all there'),
  }),
  answer: { description: 'The document', mediaType: 'application/json', schema: runObservabilityAnswer },
  errors: ['stateful_run_not_found'],
});
