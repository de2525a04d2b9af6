import { delegationSchema, delegationStatuses, endDelegation as endMethod, governanceActorSchema, setDelegation as setMethod, type DelegationRecord } from '@cs/contracts';
import { z } from 'zod';
import { pageQuery, wordText } from './query.schema.js';
import { defineRoute } from './route.js';

const tag = 'approvals';
const json = 'application/json';

/** A delegation as clients read it. */
const delegationResource = delegationSchema.extend({
  status: z.enum(delegationStatuses).describe('`scheduled` has not begun; `over` reached its time; `ended` was ended before that'),
  uses: z.int().nonnegative().describe('Decisions and votes that were asked for under it'),
  ended_at_ms: z.int().nonnegative().nullable(),
  ended_by: governanceActorSchema.nullable(),
  end_reason: z.string().nullable(),
}) satisfies z.ZodType<DelegationRecord, unknown>;

const delegationAnswer = z.object({ ok: z.literal(true), delegation: delegationResource });

export const setDelegation = defineRoute({
  operationId: 'setDelegation', method: 'POST', path: '/delegations', tag, access: 'tenant', kind: 'command',
  summary: 'Name who decides gates for a person for a time',
  description: 'For oneself, or for another as an administrator who is a person and not the stand-in. Repeated with the same `Idempotency-Key`, it answers the first one.',
  idempotent: true,
  body: { schema: setMethod.payload.omit({ command_id: true }).strict(), mediaTypes: [json], required: true },
  answer: { description: 'The delegation', mediaType: json, schema: delegationAnswer },
  errors: ['DELEGATION_REQUIRES_HUMAN', 'DELEGATION_ACCESS_DENIED', 'DELEGATION_INVALID', 'DELEGATION_LIMIT'],
});

export const endDelegation = defineRoute({
  operationId: 'endDelegation', method: 'POST', path: '/delegations/{delegation_id}/end', tag, access: 'tenant', kind: 'command',
  summary: 'End a delegation before its time',
  description: 'What was decided under it stays decided. One that has ended or is over stays as it is.',
  params: endMethod.payload.pick({ delegation_id: true }),
  body: { schema: endMethod.payload.omit({ delegation_id: true }).strict(), mediaTypes: [json], required: false },
  answer: { description: 'The delegation', mediaType: json, schema: delegationAnswer },
  errors: ['DELEGATION_NOT_FOUND', 'DELEGATION_REQUIRES_HUMAN', 'DELEGATION_ACCESS_DENIED'],
});

export const listDelegations = defineRoute({
  operationId: 'listDelegations', method: 'GET', path: '/delegations', tag, access: 'tenant', kind: 'read',
  summary: 'List who stands in for whom, newest first',
  description: 'Those of the caller and those in which they stand in; of everybody for administrators.',
  query: z.strictObject({ delegator: wordText(256).optional(), stand_in: wordText(256).optional(), status: z.enum(delegationStatuses).optional(), ...pageQuery }),
  answer: { description: 'A page of delegations', mediaType: json, schema: z.object({ delegations: z.array(delegationResource), count: z.int().nonnegative(), next_cursor: z.string().optional() }) },
  errors: [],
});
