import { z } from 'zod';

/** A message that asks nothing: how a run went, or a list of what is open. Every text is redacted. */
export const noticeCardSchema = z.object({
  kind: z.literal('notice'),
  title: z.string(),
  body_markdown: z.string(),
  /** `bad`: something failed. `warning`: something waits for a person. */
  tone: z.enum(['info', 'warning', 'bad', 'good']),
  fields: z.array(z.object({ label: z.string(), value: z.string() })).readonly(),
  /** The lines of a list, e.g. of a digest, each with the page that shows it. */
  items: z.array(z.object({ text: z.string(), page_url: z.string().optional() })).readonly(),
  page_url: z.string().optional(),
});
export type NoticeCard = z.infer<typeof noticeCardSchema>;
