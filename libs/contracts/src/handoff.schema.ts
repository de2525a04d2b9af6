import { z } from 'zod';
import { automationIdSchema, digestSchema, epochMsSchema, handoffIdSchema, jsonSchema, nodeIdSchema, runIdSchema } from './scalars.schema.js';

/** What one automation leaves for another (domain 2.6). The content itself stands elsewhere; a handoff refers to it. */
export const handoffArtifactSchema = z.object({
  handoff_id: handoffIdSchema,
  target_automation_id: automationIdSchema,
  source_automation_id: automationIdSchema.optional(),
  source_run_id: runIdSchema.optional(),
  source_node_id: nodeIdSchema.optional(),
  artifact_type: z.string().min(1).max(128),
  content_path: z.string().min(1).max(1024).optional(),
  content_digest: digestSchema.optional(),
  metadata: z.record(z.string(), jsonSchema).optional(),
  created_at_ms: epochMsSchema,
});
export type HandoffArtifact = z.infer<typeof handoffArtifactSchema>;

/** Waiting for an operator; free to be consumed; consumed. */
export type HandoffStatus = 'inbox' | 'approved' | 'archived';

/** A handoff as clients read it. */
export interface HandoffRecord extends HandoffArtifact {
  readonly status: HandoffStatus;
  readonly consumed_by_run_id?: string;
  readonly consumed_by_automation_id?: string;
  readonly consumed_at_ms?: number;
}
