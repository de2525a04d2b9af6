import { z } from 'zod';
import { definitionTextSchema, jsonSchema, nodeIdSchema } from './scalars.schema.js';

/** A value given literally, or taken from the output of a node that this one depends on (domain 2.8). */
export const bindingSchema = z.union([
  z.strictObject({ literal: jsonSchema.describe('The value itself.') }),
  z.strictObject({
    node_output: z
      .strictObject({
        node_id: nodeIdSchema.describe('A node that this one depends on.'),
        json_pointer: z.string().max(1024).optional().describe("RFC 6901, into the node's output. Default: all of it."),
      })
      .describe('A value out of what a node has yielded.'),
  }),
]);
export type Binding = z.infer<typeof bindingSchema>;

const longestMs = 366 * 24 * 3_600_000;
/** Its bounds are checked with the definition, which names what is wrong by a code of its own. */
const duration = z.number().meta({ type: 'integer', exclusiveMinimum: 0, maximum: longestMs });

/** What happens when nobody and nothing has ended a wait by its time. */
export const waitTimeoutSchema = z.strictObject({
  expires_after_ms: duration.describe('How long the wait may take, in milliseconds.'),
  on_timeout: z
    .enum(['cancel', 'escalate', 'remind', 'resume'])
    .default('cancel')
    .describe('cancel ends the run; escalate pauses it; remind says so, and pauses it unless remind_every_ms is given; resume goes on with timed_out: true in the output. Default cancel.'),
  escalate_to: z.string().min(1).max(256).optional().describe('Who is named with escalate. Default nobody.'),
  remind_every_ms: duration.optional().describe('With remind: again after so long, in milliseconds, as often as it takes. Default: once.'),
});
export type WaitTimeout = z.infer<typeof waitTimeoutSchema>;
const timeout = waitTimeoutSchema.describe('What happens when the wait has not ended by its time. Needed by webhook and external_condition, unless another branch ends by itself.');

export const timerWaitSchema = z.strictObject({
  kind: z.literal('timer').describe('Until a time. Takes either delay_ms or wake_at.'),
  delay_ms: duration.optional().describe('How long to wait, in milliseconds.'),
  wake_at: z
    .union([z.number().meta({ type: 'integer', minimum: 0 }), definitionTextSchema.min(1), bindingSchema])
    .optional()
    .describe('When to wake: Unix milliseconds or an ISO 8601 instant with its zone, as a literal, an expression or a binding.'),
  timeout: timeout.optional(),
});
export type TimerWaitSpec = z.infer<typeof timerWaitSchema>;

/** Waits for a delivery of a webhook trigger. Every condition that is given must hold. */
export const webhookWaitSchema = z.strictObject({
  kind: z.literal('webhook').describe('For a delivery of a webhook trigger. Every condition that is given must hold.'),
  trigger_id: z.string().min(1).max(128).describe('The trigger that takes the delivery in.'),
  provider: z.string().min(1).max(64).optional().describe('Only deliveries of this provider. Default any.'),
  provider_event_kind: z.string().min(1).max(128).optional().describe('Only deliveries of this kind. Default any.'),
  correlation: z
    .strictObject({
      field: z.enum(['provider_event_id', 'idempotency_key', 'body_digest']).describe('What of the delivery is compared.'),
      value: z.union([definitionTextSchema.min(1), bindingSchema]).describe('What it has to be; may hold {{ expressions }}.'),
    })
    .optional()
    .describe('Only the delivery that belongs to this run. Default any.'),
  timeout: timeout.optional(),
});
export type WebhookWaitSpec = z.infer<typeof webhookWaitSchema>;

/** Waits until someone resolves the condition by API. */
export const externalWaitSchema = z.strictObject({
  kind: z.literal('external_condition').describe('Until someone resolves the condition by API.'),
  condition_key: z.union([definitionTextSchema.min(1), bindingSchema]).describe('Name of the condition; may hold {{ expressions }}.'),
  payload_schema: z.record(z.string(), jsonSchema).optional().describe('JSON Schema (2020-12) of what the condition is resolved with. Default anything.'),
  timeout: timeout.optional(),
});
export type ExternalWaitSpec = z.infer<typeof externalWaitSchema>;

/** An approval gate by another spelling: the node is an approval node. */
export const approvalWaitSchema = z.strictObject({
  kind: z.literal('approval').describe('An approval gate by another spelling.'),
  decisions: z.array(z.string().min(1).max(64)).max(16).default([]).describe('Decisions that are offered: approve, rework, cancel. Empty means all three.'),
  expires_after_ms: duration.optional().describe('Time to decide, in milliseconds; not beside timeout. Default: that of the installation, 7 days unless configured.'),
  timeout: waitTimeoutSchema.optional().describe('What happens when nobody decides in time; resume is refused here.'),
});
export type ApprovalWaitSpec = z.infer<typeof approvalWaitSchema>;

const singleWaits = [timerWaitSchema, webhookWaitSchema, externalWaitSchema] as const;

/** Waits for whichever comes first; the others are cancelled. Output: `{branch, kind, ...}` of the first. */
export const anyWaitSchema = z.strictObject({
  kind: z.literal('any').describe('For whichever comes first; the others are cancelled. Output: {branch, kind, ...} of the first.'),
  of: z.array(z.discriminatedUnion('kind', singleWaits)).min(2).max(8).describe('Two to eight waits.'),
});
export type AnyWaitSpec = z.infer<typeof anyWaitSchema>;

export const waitSpecSchema = z.discriminatedUnion('kind', [...singleWaits, approvalWaitSchema, anyWaitSchema]);
export type WaitSpec = z.infer<typeof waitSpecSchema>;
export type SingleWaitSpec = TimerWaitSpec | WebhookWaitSpec | ExternalWaitSpec;
