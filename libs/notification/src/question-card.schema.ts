import { z } from 'zod';

/** A message about the question of a step. It has one link, to the page that answers it, and never holds an answer. Every text is redacted. */
export const questionCardSchema = z.object({
  kind: z.literal('question'),
  title: z.string(),
  body_markdown: z.string(),
  fields: z.array(z.object({ label: z.string(), value: z.string() })).readonly(),
  /** `pending` asks; `expired`: nobody answered in time; `cancelled`: nobody needs to answer any more. */
  status: z.enum(['pending', 'answered', 'expired', 'cancelled']),
  /** What time has done: a reminder. */
  attention: z.string().optional(),
  page_url: z.string().optional(),
  /** Who answered, or why nobody did; absent while pending. */
  summary: z.string().optional(),
  /** When it ended; absent while pending. */
  settled_at_ms: z.int().optional(),
  /** Cards of one run belong together. */
  thread_key: z.string(),
  correlation: z.object({ org_id: z.string(), workspace_id: z.string(), source: z.literal('human_request'), request_id: z.string(), run_id: z.string(), node_id: z.string() }),
});
export type QuestionCard = z.infer<typeof questionCardSchema>;
