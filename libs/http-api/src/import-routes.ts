import { runImportSchema } from '@cs/contracts';
import { z } from 'zod';
import { defineRoute } from './route.js';

const count = z.int().nonnegative();

export const importRunHistory = defineRoute({
  operationId: 'importRunHistory', method: 'POST', path: '/stateful-runtime/imports', tag: 'stateful runtime', access: 'tenant', kind: 'command',
  summary: 'Import the lifecycle history of a run of another system',
  description: 'What is known already is not imported again, however often and in whatever parts it is sent. The run is read like any other of the stateful runtime and never executed: there is no plan to resume it, and no log to replay it from. Only for people who administer the workspace; audited.',
  body: { schema: runImportSchema, mediaTypes: ['application/json'], required: true },
  answer: {
    description: 'What was new', mediaType: 'application/json',
    schema: z.object({ ok: z.literal(true), run_id: z.string(), imported: count.describe('Entries that were new'), known: count.describe('Entries that were there, or that the other system had compacted'), last_seq: count.describe('Entries of the run by now') }),
  },
  errors: ['RUN_IMPORT_REQUIRES_HUMAN_ADMIN', 'RUN_IMPORT_ID_TAKEN', 'RUN_IMPORT_NOT_THIS_RUN', 'RUN_IMPORT_TOO_LONG'],
});
