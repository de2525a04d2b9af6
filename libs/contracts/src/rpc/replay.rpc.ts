import { z } from 'zod';
import type { RunReplay } from '../run-replay.schema.js';
import { runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';

/** Folds a run again from the log, as of one of its events (default: the newest that is projected), and compares the projections with it. */
export const replayRun = rpcMethod<RunReplay>()(
  'cs.rpc.observability.run_replay',
  z.object({ run_id: runIdSchema, as_of_seq: z.int().positive().optional(), min_position: z.int().nonnegative().optional() }),
);
