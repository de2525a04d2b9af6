import { utf8Bytes } from '@cs/kernel';
import { z } from 'zod';
import type { RunRecord } from '../run-record.js';
import type { EndedWait } from '../run.schema.js';
import { jsonSchema, runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';

export const waitIdSchema = z.string().min(1).max(512);

/** Longest key and payload that resolve a condition, in UTF-8 bytes (domain 8.9). */
export const maxResolutionKeyBytes = 512;
export const maxResolutionPayloadBytes = 16 * 1024;

const key = z.string().min(1).refine((text) => utf8Bytes(text) <= maxResolutionKeyBytes, `expected at most ${maxResolutionKeyBytes} bytes of UTF-8`);

export interface ResolvedWait {
  readonly run: RunRecord;
  readonly wait: EndedWait;
}

/** Says that the condition holds that a run waits for. The key that did it gets the same answer whenever it comes again. */
export const resolveWait = rpcMethod<ResolvedWait>()(
  'cs.rpc.runner.wait_resolve',
  z.object({ run_id: runIdSchema, wait_id: waitIdSchema, idempotency_key: key, payload: jsonSchema.optional() }),
);
