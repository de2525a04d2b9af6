import { z } from 'zod';
import type { StatefulSnapshot } from '../run-snapshot.schema.js';
import { runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';

const minPosition = { min_position: z.int().nonnegative().optional() };

/** Snapshots of a run in ascending `seq`: the newest `limit` (default 50, at most 200) of those before `before_seq`. */
export const listRunSnapshots = rpcMethod<{ run_id: string; snapshots: readonly StatefulSnapshot[]; count: number }>()(
  'cs.rpc.observability.run_snapshots',
  z.object({
    run_id: runIdSchema,
    before_seq: z.int().nonnegative().optional(),
    limit: z.int().default(50).transform((value) => Math.min(Math.max(value, 1), 200)),
    ...minPosition,
  }),
);
export const getRunSnapshot = rpcMethod<{ snapshot: StatefulSnapshot }>()(
  'cs.rpc.observability.run_snapshot',
  z.object({ run_id: runIdSchema, snapshot_id: z.string().min(1).max(512), ...minPosition }),
);
