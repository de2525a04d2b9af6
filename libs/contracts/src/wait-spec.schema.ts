import { z } from 'zod';
import { definitionTextSchema, jsonSchema, nodeIdSchema } from './scalars.schema.js';

/** A value given literally, or taken from the output of a node that this one depends on (domain 2.8). */
export const bindingSchema = z.union([
  z.strictObject({ literal: jsonSchema }),
  z.strictObject({
    node_output: z.strictObject({
      node_id: nodeIdSchema,
      /** RFC 6901, into the node's output; absent means all of it. */
      json_pointer: z.string().max(1024).optional(),
    }),
  }),
]);
export type Binding = z.infer<typeof bindingSchema>;

const longestMs = 366 * 24 * 3_600_000;
/** Its bounds are checked with the definition, which names what is wrong by a code of its own. */
const duration = z.number().meta({ type: 'integer', exclusiveMinimum: 0, maximum: longestMs });

/** What happens when nobody and nothing has ended a wait by its time. */
export const waitTimeoutSchema = z.strictObject({
  expires_after_ms: duration,
  on_timeout: z.enum(['cancel', 'escalate', 'remind', 'resume']).default('cancel'),
  escalate_to: z.string().min(1).max(256).optional(),
  /** With `remind`: again after so long, as often as it takes; absent means once. */
  remind_every_ms: duration.optional(),
});
export type WaitTimeout = z.infer<typeof waitTimeoutSchema>;

export const timerWaitSchema = z.strictObject({
  kind: z.literal('timer'),
  delay_ms: duration.optional(),
  /** When to wake: Unix milliseconds or an ISO 8601 instant with its zone, as a literal, an expression or a binding. */
  wake_at: z.union([z.number().meta({ type: 'integer', minimum: 0 }), definitionTextSchema.min(1), bindingSchema]).optional(),
  timeout: waitTimeoutSchema.optional(),
});
export type TimerWaitSpec = z.infer<typeof timerWaitSchema>;

/** Waits for a delivery of a webhook trigger. Every condition that is given must hold. */
export const webhookWaitSchema = z.strictObject({
  kind: z.literal('webhook'),
  trigger_id: z.string().min(1).max(128),
  provider: z.string().min(1).max(64).optional(),
  provider_event_kind: z.string().min(1).max(128).optional(),
  correlation: z
    .strictObject({
      field: z.enum(['provider_event_id', 'idempotency_key', 'body_digest']),
      value: z.union([definitionTextSchema.min(1), bindingSchema]),
    })
    .optional(),
  timeout: waitTimeoutSchema.optional(),
});
export type WebhookWaitSpec = z.infer<typeof webhookWaitSchema>;

/** Waits until someone resolves the condition by API. */
export const externalWaitSchema = z.strictObject({
  kind: z.literal('external_condition'),
  condition_key: z.union([definitionTextSchema.min(1), bindingSchema]),
  /** JSON Schema (2020-12) of what the condition is resolved with. */
  payload_schema: z.record(z.string(), jsonSchema).optional(),
  timeout: waitTimeoutSchema.optional(),
});
export type ExternalWaitSpec = z.infer<typeof externalWaitSchema>;

/** An approval gate by another spelling: the node is an approval node. */
export const approvalWaitSchema = z.strictObject({
  kind: z.literal('approval'),
  decisions: z.array(z.string().min(1).max(64)).max(16).default([]),
  expires_after_ms: duration.optional(),
  timeout: waitTimeoutSchema.optional(),
});
export type ApprovalWaitSpec = z.infer<typeof approvalWaitSchema>;

const singleWaits = [timerWaitSchema, webhookWaitSchema, externalWaitSchema] as const;

/** Waits for whichever comes first; the others are cancelled. Output: `{branch, kind, ...}` of the first. */
export const anyWaitSchema = z.strictObject({
  kind: z.literal('any'),
  of: z.array(z.discriminatedUnion('kind', singleWaits)).min(2).max(8),
});
export type AnyWaitSpec = z.infer<typeof anyWaitSchema>;

export const waitSpecSchema = z.discriminatedUnion('kind', [...singleWaits, approvalWaitSchema, anyWaitSchema]);
export type WaitSpec = z.infer<typeof waitSpecSchema>;
export type SingleWaitSpec = TimerWaitSpec | WebhookWaitSpec | ExternalWaitSpec;
