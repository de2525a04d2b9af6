import { z } from 'zod';
import type { RunObservability } from '../run-observability.js';
import { runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';

const limit = z.int().default(100).transform((value) => Math.min(Math.max(value, 1), 500));

/** Everything about one run in one document: read only, and as of one moment. */
export const observeRun = rpcMethod<RunObservability>()(
  'cs.rpc.observability.run_observe',
  z.object({ run_id: runIdSchema, event_limit: limit, snapshot_limit: limit, reliability_limit: limit, audit_limit: limit, min_position: z.int().nonnegative().optional() }),
);
