import { gateDecisionSchema, gateOutcomeSchema } from '@cs/contracts';
import { z } from 'zod';

/** A message about a gate, before a channel renders it (domain 6.2). Every text is redacted. */
export const cardSchema = z.object({
  title: z.string(),
  body_markdown: z.string(),
  fields: z.array(z.object({ label: z.string(), value: z.string() })).readonly(),
  /** `pending` asks; the others tell what was decided, or that the run ended first (`closed`), and have no actions. */
  status: z.enum(['pending', ...gateOutcomeSchema.options, 'closed']),
  /** What time has done: a reminder, an escalation. */
  attention: z.string().optional(),
  /** Where the votes stand, once somebody voted, e.g. `1 of 2 approvals: Ada`; absent where one person decides, and when it is settled. */
  votes: z.string().optional(),
  /** The page that shows the request, and decides nothing by being opened. */
  page_url: z.string().optional(),
  actions: z.array(z.object({ decision: gateDecisionSchema, label: z.string(), style: z.enum(['primary', 'default', 'danger']), requires_reason: z.boolean() })).readonly(),
  /** Who decided what and why; absent while pending. */
  summary: z.string().optional(),
  /** When it was decided; absent while pending, and where nobody knows. */
  settled_at_ms: z.int().optional(),
  /** Cards of one run belong together. */
  thread_key: z.string(),
  correlation: z.object({
    org_id: z.string(),
    workspace_id: z.string(),
    request_id: z.string(),
    source: z.literal('automation_v2'),
    automation_v2_run_id: z.string(),
    run_id: z.string(),
    node_id: z.string(),
    /** Binds a decision to this opening: an old card cannot decide a gate that opened again. */
    gate_opening_id: z.string(),
  }),
});
export type Card = z.infer<typeof cardSchema>;
