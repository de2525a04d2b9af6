import type { NodeOutput, OpenWait } from '@cs/contracts';
import { utf8Bytes, type Json, type JsonObject } from '@cs/kernel';

/** UTF-8 bytes of what a wait gives its node (domain 8.5). */
export const maxWaitOutputBytes = 16 * 1024;
/** How much of a payload that is too large is kept to look at, in characters. */
const excerptLength = 2000;

/** `payload` as it is, or what says that it was too large: its size and how it begins. */
const bounded = (content: JsonObject): JsonObject => {
  if (utf8Bytes(JSON.stringify(content)) <= maxWaitOutputBytes || content['payload'] === undefined) return content;
  const text = JSON.stringify(content['payload']);
  return { ...content, payload: { truncated: true, bytes: utf8Bytes(text), excerpt: text.slice(0, excerptLength) } };
};

export interface WokenBy {
  readonly at_ms: number;
  /** What the wait was woken with, beside its payload. */
  readonly facts: JsonObject;
  readonly payload?: Json;
}

/** Output of the node whose wait was woken. A branch of a wait for any says which one was first. */
export const waitOutput = ({ wait_id, wait_kind, branch }: OpenWait, { at_ms, facts, payload }: WokenBy): NodeOutput => ({
  status: 'completed', contract_kind: 'stateful_wait', created_at_ms: at_ms,
  content: bounded({
    wait_id, wait_kind, woken_at_ms: at_ms, ...(branch === undefined ? {} : { branch, kind: wait_kind }), ...facts, ...(payload === undefined ? {} : { payload }),
  }),
});
