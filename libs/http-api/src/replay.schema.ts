import type { RowDifference } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';
import { z } from 'zod';
import { runResource, statefulRunResource } from './resources.schema.js';

const json = z.custom<Json>((value) => value !== undefined);

/** One value that is projected otherwise than the log leads to. */
export const rowDifferenceResource = z.object({
  table: z.string(),
  key: z.custom<JsonObject>().describe('What identifies the row'),
  kind: z.enum(['missing', 'unexpected', 'different']).describe('`missing`: the log leads to the row, and it is not there; `unexpected`: it is there, and nothing leads to it'),
  path: z.string().describe('JSON pointer within the row; empty for the whole row'),
  projected: json.exactOptional(),
  replayed: json.exactOptional(),
}) satisfies z.ZodType<RowDifference>;

/** A run folded again from the log. */
export const runReplayAnswer = z.object({
  run_id: z.string(),
  as_of_seq: z.int().positive(),
  last_seq: z.int().positive().describe('Events that the log has of the run'),
  record: runResource.describe('The run as it was then'),
  run: statefulRunResource.describe('Its stateful view then'),
  compared_at_seq: z.int().positive().describe('The projections were compared as of this event, the newest that they hold'),
  differences: z.array(rowDifferenceResource).readonly().describe('Every difference between the projections and what the log leads to; empty when there is none'),
});
