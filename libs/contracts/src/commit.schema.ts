import { z } from 'zod';
import { epochMsSchema, jsonSchema } from './scalars.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

/** One fact, as it stands in the log. `data` is of the version named and is up-cast when it is read. */
export const recordedEventSchema = z.object({
  event_id: z.string(),
  event_type: z.string(),
  version: z.int().positive(),
  recorded_at_ms: epochMsSchema,
  /** Who caused it; absent for what a service did by itself. */
  actor: governanceActorSchema.optional(),
  causation_id: z.string().optional(),
  correlation_id: z.string().optional(),
  data: jsonSchema,
});
export type RecordedEvent = z.infer<typeof recordedEventSchema>;

/** The aggregate's state after the commit, with the version of its own schema. */
export const embeddedStateSchema = z.object({ version: z.int().positive(), value: jsonSchema });

/** One message of the log: all events of one decision, there together or not at all. */
export const commitSchema = z.object({
  commit_id: z.string().min(1),
  /** Log position of the aggregate's commit before this one; 0 for its first. */
  previous: z.int().nonnegative(),
  /** Events of the aggregate after this commit. */
  version: z.int().positive(),
  events: z.array(recordedEventSchema).min(1),
  state: embeddedStateSchema.optional(),
  /** What wrote it, as W3C Trace Context; absent where nothing is traced. No part of what happened: nothing is decided by it. */
  traceparent: z.string().max(256).optional(),
  /** `traceparent` of the first commit of a run: the trace that the run goes on in, whoever acts on it. */
  origin_traceparent: z.string().max(256).optional(),
});
export type Commit = z.infer<typeof commitSchema>;
