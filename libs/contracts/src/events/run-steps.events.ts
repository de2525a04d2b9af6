import { z } from 'zod';
import { nodeOutputSchema } from '../run.schema.js';
import { jsonSchema, nodeIdSchema, runIdSchema } from '../scalars.schema.js';

/** Item of a fan-out that an event is about, from 0; absent when it is about the node. */
export const itemSchema = z.int().nonnegative().optional();

/** Conditions, fan-outs and child runs. */
export const runStepEvents = {
  node_skipped_no_work: { version: 1, data: z.object({ node_id: nodeIdSchema, reason: z.string(), output: nodeOutputSchema }), summary: 'The condition of a node did not hold; what depends on it goes on.' },
  node_fan_out_started: { version: 1, data: z.object({ node_id: nodeIdSchema, attempt: z.int().positive(), items: z.array(jsonSchema).readonly() }), summary: 'A node began on a list; the list is pinned.' },
  abandoned_children_cancelled: { version: 1, data: z.object({ run_ids: z.array(runIdSchema).readonly() }), activity: false, summary: 'Child runs that nobody waits for any more were cancelled.' },
} as const;
