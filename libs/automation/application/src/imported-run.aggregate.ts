import { evolveImportedRun, type ImportedRunState } from '@cs/automation-domain';
import { importedRunHeaderSchema, tenantContextSchema, type ImportedRunEvent } from '@cs/contracts';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { z } from 'zod';

const stateSchema = z.object({
  header: importedRunHeaderSchema, tenant_context: tenantContextSchema, last_seq: z.int().nonnegative(),
  last: z.object({ status: z.string(), event: z.string() }).nullable(), known: z.array(z.string()).readonly(),
});

/** The history of a run of another system, under that run's id. */
export const importedRunAggregate: Aggregate<ImportedRunState, ImportedRunEvent> = {
  name: 'imported_run',
  initialState: undefined,
  evolve: evolveImportedRun,
  status: (run) => (run === undefined ? 'absent' : 'imported'),
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (run) => (run ?? null) as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};
