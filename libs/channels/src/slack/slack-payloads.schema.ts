import { z } from 'zod';

const idSchema = z.string().min(1).max(64);
const personSchema = z.object({ id: idSchema, username: z.string().max(256).optional(), name: z.string().max(256).optional(), team_id: idSchema.optional() });
const originSchema = z.object({ api_app_id: idSchema, team: z.object({ id: idSchema }), user: personSchema });
const shortSchema = z.string().min(1).max(2_000);

/** Every payload of an interaction says its type; of other types only that is known. */
export const typedSchema = z.object({ type: z.string().max(64) });

/** Buttons that were pressed. */
export const blockActionsSchema = originSchema.extend({
  trigger_id: shortSchema,
  response_url: shortSchema.optional(),
  container: z.object({ message_ts: idSchema.optional(), channel_id: idSchema.optional() }).optional(),
  message: z.object({ thread_ts: idSchema.optional() }).optional(),
  actions: z.array(z.object({ type: z.string(), action_id: z.string().max(255), action_ts: idSchema, value: z.string().max(2_000).optional() })).min(1).max(25),
});
export type BlockActions = z.infer<typeof blockActionsSchema>;

/** A form that was sent. */
export const viewSubmissionSchema = originSchema.extend({
  view: z.object({
    id: idSchema, callback_id: z.string().max(255), private_metadata: z.string().max(3_000),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.object({ value: z.string().nullish() }))) }),
  }),
});
export type ViewSubmission = z.infer<typeof viewSubmissionSchema>;

/** A command that was typed. Its members are fields of the form. */
export const commandSchema = z.object({
  command: z.string().max(64), text: z.string().max(3_000).default(''), team_id: idSchema, api_app_id: idSchema, user_id: idSchema,
  user_name: z.string().max(256).optional(), trigger_id: shortSchema, response_url: shortSchema.optional(),
});
export type SlashCommand = z.infer<typeof commandSchema>;

/** What the Events API posts. */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('url_verification'), challenge: z.string().max(1_000) }),
  z.object({ type: z.literal('event_callback'), team_id: idSchema, api_app_id: idSchema }),
]);
