import { z } from 'zod';
import { ledgerCollections, type LedgerPage } from '../reliability.schema.js';
import { runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';

const at = z.int().nonnegative();
/** Lower case with underscores; blank and `all` filter nothing. */
const word = z.string().max(64).transform((text) => text.trim().toLowerCase().replaceAll('-', '_')).transform((text) => (text === '' || text === 'all' ? undefined : text));

export const reliabilityFilter = {
  status: word.optional(),
  source_type: word.optional(),
  /** Hides what a later success made moot, and compensations that have ended. */
  active_recovery_only: z.boolean().default(false),
  limit: z.int().default(250).transform((value) => Math.min(Math.max(value, 1), 1000)),
  /** The last record of the page before; only its collection is listed. */
  after_id: z.string().max(400).optional(),
  after_collection: z.enum(ledgerCollections).optional(),
  before_created_at_ms: at.optional(),
  min_position: at.optional(),
};

/** The reliability ledger of the tenant, or of one run, which then has to exist: newest updated first. */
export const listReliability = rpcMethod<LedgerPage>()('cs.rpc.observability.reliability', z.object({ run_id: runIdSchema.optional(), of_run: z.boolean().default(false), ...reliabilityFilter }));

/** What of a run is due: a dead letter whose retry may be dispatched, or a compensation that may be executed. */
export interface RetryDue {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly kind: 'dead_letter' | 'compensation';
  readonly id: string;
  readonly due_at_ms: number;
}

/** What recovery has to do in every tenant, the longest overdue first. For services only. */
export const listRetryDue = rpcMethod<{ readonly due: readonly RetryDue[] }>()('cs.rpc.observability.recovery_due', z.object({
  due_before_ms: at, limit: z.int().min(1).max(1000).default(200), after: z.object({ due_at_ms: at, run_id: z.string(), id: z.string() }).optional(),
}));
