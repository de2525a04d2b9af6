import { z } from 'zod';
import { importedEntrySchema, importedRunHeaderSchema } from '../run-import.schema.js';
import { automationIdSchema, runIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/** The history of a run of another system. It is read here, and never executed. */
export const importedRunEvents = defineEvents({
  run_history_imported: {
    version: 1,
    data: z.object({
      run_id: runIdSchema, automation_id: automationIdSchema, tenant_context: tenantContextSchema,
      run: importedRunHeaderSchema,
      /** New entries, in their order. */
      entries: z.array(importedEntrySchema).readonly(),
      entry_count: z.int().nonnegative(),
      /** `seq` of the first of them. */
      first_seq: z.int().positive(),
      /** The entry before them; null at the beginning. */
      before: z.object({ status: z.string(), event: z.string() }).nullable(),
      /** Further ids under which entries are known: of older forms, or compacted by the other system. */
      known_ids: z.array(z.string()).readonly(),
      imported_by: governanceActorSchema,
    }),
    audit: 'stateful_runtime.run_history_imported', activity: false, summary: 'The history of a run of another system was imported, as far as it was not known.',
  },
});
export type ImportedRunEvent = EventOf<typeof importedRunEvents>;
