import type { StatefulSnapshot } from '@cs/contracts';
import type { JsonObject } from '@cs/kernel';
import { z } from 'zod';
import { phaseTransitionResource, statefulEventResource, statefulRunResource } from './resources.schema.js';

/** What a run was right after one of its events. */
export const statefulSnapshotResource = z.object({
  schema_version: z.literal(1),
  snapshot_id: z.string().describe('The id of its event'),
  run_id: z.string(),
  seq: z.int().positive(),
  created_at_ms: z.int().nonnegative().describe('Milliseconds since the Unix epoch'),
  scope: z.object({ schema_version: z.literal(1), tenant_context: z.object({ org_id: z.string(), workspace_id: z.string(), deployment_id: z.string().nullable() }) }),
  status: z.string().describe('Stateful status of the run right after the event'),
  phase: z.string(),
  phase_history: z.array(phaseTransitionResource).readonly().describe('The newest hundred steps so far, the oldest of them first'),
  allowed_next_phases: z.array(z.string()).readonly(),
  phase_id: z.string().nullable(),
  source_record_kind: z.literal('automation_v2'),
  checkpoint: z.custom<JsonObject>().describe('Summary without outputs of steps and without instructions and metadata of a gate; lists and maps are cut at 200 entries, and `omitted` counts what was left out'),
  payload_digest: z.string(),
  workflow_definition_version: z.string().nullable(),
  workflow_definition_snapshot_hash: z.string().nullable(),
  metadata: z.object({
    source: z.literal('automation_v2_lifecycle'), event_id: z.string(), event: z.string(), lifecycle_index: z.int().nonnegative(), redaction_tier: z.literal('summary'),
    activity_boundary: z.boolean().describe('The event counts as activity of the run'),
  }),
}) satisfies z.ZodType<StatefulSnapshot>;

/** A run with the newest of its events and of its snapshots. */
export const statefulRunAnswer = z.object({ run: statefulRunResource, events: z.array(statefulEventResource).readonly(), snapshots: z.array(statefulSnapshotResource).readonly() });
export const snapshotListAnswer = z.object({ run_id: z.string(), snapshots: z.array(statefulSnapshotResource).readonly(), count: z.int().nonnegative() });
export const snapshotAnswer = z.object({ snapshot: statefulSnapshotResource });
