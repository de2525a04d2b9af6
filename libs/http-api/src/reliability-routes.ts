import { ledgerCollections, runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { booleanText, filterText, integerText, sequenceText, wordText } from './query.schema.js';
import { reliabilityAnswer } from './reliability.schema.js';
import { defineRoute } from './route.js';

const filter = {
  status: filterText(64).optional().describe('Only this status, in any case; "-" reads as "_", and "all" or nothing filters nothing'),
  source_type: filterText(64).optional().describe('Only dead letters of this source, records of the outbox and effects of this source_kind, compensations of this type'),
  active_recovery_only: booleanText.optional().describe('Without what a later success made moot, and without compensations that have ended'),
  limit: integerText.optional().describe('Of each collection. Default 250, at most 1000; other values are clamped. A page ends at 1 MiB of a collection'),
  after_id: wordText(400).optional().describe('The last record of the page before; only its collection is listed. An unknown one lists nothing'),
  after_collection: z.enum(ledgerCollections).optional().describe('Which collection after_id is of, where its id is in several'),
  before_created_at_ms: sequenceText.optional().describe('Only what was created earlier'),
};
const reliability = { tag: 'reliability', access: 'tenant', kind: 'read', method: 'GET' } as const;
const answer = { description: 'A page of each collection', mediaType: 'application/json', schema: reliabilityAnswer } as const;

export const listReliability = defineRoute({
  ...reliability, operationId: 'listReliability', path: '/stateful-runtime/reliability', summary: 'List what left the system, what is known of it, what was given up, and what undoes it; newest changed first',
  query: z.strictObject({ run_id: runIdSchema.optional(), ...filter }), answer, errors: [],
});

export const listRunReliability = defineRoute({
  ...reliability, operationId: 'listRunReliability', path: '/stateful-runtime/runs/{run_id}/reliability', summary: 'The same of one run', params: z.object({ run_id: runIdSchema }), query: z.strictObject(filter), answer,
  errors: ['stateful_run_not_found'],
});
