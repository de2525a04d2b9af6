import { runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { integerText } from './query.schema.js';
import { runReplayAnswer } from './replay.schema.js';
import { defineRoute } from './route.js';

export const replayRun = defineRoute({
  operationId: 'replayRun', method: 'GET', path: '/stateful-runtime/runs/{run_id}/replay', tag: 'stateful runtime', access: 'tenant', kind: 'read',
  summary: 'Fold a run again from the log, as of one of its events, and compare the projections with it',
  params: z.object({ run_id: runIdSchema }),
  query: z.strictObject({ as_of_seq: integerText.pipe(z.int().min(1)).optional().describe('`seq` of an event of the run; default: the newest that is projected') }),
  answer: { description: 'The run as of that event, and how its projections differ from the log', mediaType: 'application/json', schema: runReplayAnswer },
  errors: ['stateful_run_not_found'],
});
