import { z } from 'zod';
import type { WaitRecord } from '../read-models.schema.js';
import { runIdSchema } from '../scalars.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';

const filter = {
  kind: z.string().max(32).optional(),
  status: z.string().max(32).optional(),
  limit: z.int().default(100).transform((value) => Math.min(Math.max(value, 1), 500)),
  cursor: z.string().max(1000).optional(),
  min_position: z.int().nonnegative().optional(),
};

/** Waits of the tenant: active ones first, then by due time. An unknown run, kind or status is an empty list. */
export const listWaits = rpcMethod<Page<WaitRecord>>()('cs.rpc.observability.waits', z.object({ run_id: runIdSchema.optional(), ...filter }));
/** Waits of one run, which has to exist. */
export const listRunWaits = rpcMethod<Page<WaitRecord>>()('cs.rpc.observability.run_waits', z.object({ run_id: runIdSchema, ...filter }));
