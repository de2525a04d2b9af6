import { z } from 'zod';
import { delegationIdSchema, delegationScopeSchema, delegationStatuses, type DelegationRecord } from '../delegation.schema.js';
import { epochMsSchema } from '../scalars.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

const person = z.string().min(1).max(256);
const reason = z.string().max(1000);

/** Names a stand-in. Only for oneself, or by an administrator who is a person. */
export const setDelegation = rpcMethod<DelegationRecord>()(
  'cs.rpc.approval-gate.delegation_set',
  z.object({
    delegator: person.optional().describe('Who is stood in for. Absent: whoever asks.'),
    stand_in: person.describe('Who decides meanwhile, e.g. bob or channel:slack:u1.'),
    from_ms: epochMsSchema.optional().describe('Milliseconds since the Unix epoch. Absent: now.'),
    until_ms: epochMsSchema.describe('Milliseconds since the Unix epoch; at most 366 days after it begins.'),
    reason: reason.default('').describe('Why, e.g. "on leave".'),
    scope: delegationScopeSchema.default({}),
    command_id: commandIdSchema.optional(),
  }),
);

/** Ends a delegation before its time. One that has ended or is over stays as it is. */
export const endDelegation = rpcMethod<DelegationRecord>()('cs.rpc.approval-gate.delegation_end', z.object({ delegation_id: delegationIdSchema, reason: reason.optional() }));

/** Newest first: those of the caller and those in which they stand in; of everybody for administrators. */
export const listDelegations = rpcMethod<Page<DelegationRecord>>()(
  'cs.rpc.observability.delegation_list',
  z.object({
    delegator: person.optional(),
    stand_in: person.optional(),
    status: z.enum(delegationStatuses).optional(),
    limit: z.int().default(50).transform((value) => Math.min(Math.max(value, 1), 200)),
    cursor: z.string().max(400).optional(),
    min_position: z.int().nonnegative().optional(),
  }),
);
