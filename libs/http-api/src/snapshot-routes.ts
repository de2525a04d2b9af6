import { runIdSchema } from '@cs/contracts';
import { z } from 'zod';
import { integerText, sequenceText } from './query.schema.js';
import { defineRoute } from './route.js';
import { snapshotAnswer, snapshotListAnswer } from './snapshot.schema.js';

const tag = 'stateful runtime';

export const listRunSnapshots = defineRoute({
  operationId: 'listRunSnapshots', method: 'GET', path: '/stateful-runtime/runs/{run_id}/snapshots', tag, access: 'tenant', kind: 'read',
  summary: 'Read what a run was after each of its newest events, in ascending order',
  params: z.object({ run_id: runIdSchema }),
  query: z.strictObject({
    limit: integerText.optional().describe('Keeps the newest; default 50, at most 200, and no more than 3 MiB of them: go on with before_seq until there is none'),
    before_seq: sequenceText.optional().describe('Only those of earlier events'),
  }),
  answer: { description: 'Snapshots of the run', mediaType: 'application/json', schema: snapshotListAnswer },
  errors: ['stateful_run_not_found'],
});

export const getRunSnapshot = defineRoute({
  operationId: 'getRunSnapshot', method: 'GET', path: '/stateful-runtime/runs/{run_id}/snapshots/{snapshot_id}', tag, access: 'tenant', kind: 'read',
  summary: 'Read what a run was after one of its events',
  params: z.object({ run_id: runIdSchema, snapshot_id: z.string().min(1).max(512) }),
  answer: { description: 'The snapshot', mediaType: 'application/json', schema: snapshotAnswer },
  errors: ['stateful_run_not_found', 'stateful_snapshot_not_found'],
});
