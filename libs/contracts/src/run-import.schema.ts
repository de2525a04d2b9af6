import { z } from 'zod';
import { automationIdSchema, digestSchema, epochMsSchema, jsonSchema, nodeIdSchema, runIdSchema } from './scalars.schema.js';

/** Entries, and stored events, of one request. A longer history is sent in parts. */
export const maxImportedEntries = 5000;

const word = (max: number) => z.string().min(1).max(max);

/** A record of a lifecycle history (domain 3.3). */
export const importedLifecycleRecordSchema = z.object({
  event: word(128).describe('What happened, such as `node_completed`'),
  recorded_at_ms: epochMsSchema,
  reason: z.string().max(4000).nullish(),
  stop_kind: word(64).nullish(),
  metadata: jsonSchema.optional().describe('Anything; what is no object is kept as `{"value": …}`'),
  status: word(32).nullish().describe('Status of the run right after it, where that is known'),
  occurrence: z.int().nonnegative().max(1_000_000).optional().describe('How many equal records came before it in the whole history; where it is left out, those of this request count'),
});
export type ImportedLifecycleRecord = z.infer<typeof importedLifecycleRecordSchema>;

/** An event as the other system's projector stored it; also the markers of its compaction. */
export const importedStoredEventSchema = z.object({
  event_id: word(512),
  event_type: word(160),
  occurred_at_ms: epochMsSchema,
  correlation_id: word(160).nullish(),
  payload: jsonSchema.optional(),
});
export type ImportedStoredEvent = z.infer<typeof importedStoredEventSchema>;

const nodeIds = z.array(nodeIdSchema).max(2000).readonly();

/** The run record of the other system (domain 3.1). Members that are not named here are not kept. */
export const importedRunSchema = z.object({
  run_id: runIdSchema,
  automation_id: automationIdSchema,
  status: z.enum(['queued', 'running', 'pausing', 'paused', 'awaiting_approval', 'completed', 'blocked', 'failed', 'cancelled']),
  trigger_type: word(64),
  created_at_ms: epochMsSchema,
  updated_at_ms: epochMsSchema,
  started_at_ms: epochMsSchema.nullish(),
  finished_at_ms: epochMsSchema.nullish(),
  workflow_definition_version: word(128).nullish(),
  workflow_definition_snapshot_hash: digestSchema.nullish(),
  checkpoint: z.object({
    completed_nodes: nodeIds.default([]),
    pending_nodes: nodeIds.default([]),
    blocked_nodes: nodeIds.default([]),
    awaiting_gate: z.object({ node_id: nodeIdSchema }).nullish(),
    lifecycle_history: z.array(importedLifecycleRecordSchema).max(maxImportedEntries).readonly(),
  }),
});
export type ImportedRun = z.infer<typeof importedRunSchema>;

export const runImportSchema = z.object({
  run: importedRunSchema,
  events: z.array(importedStoredEventSchema).max(maxImportedEntries).readonly().default([]).describe('Events that the other system stored of the run, in their order: they keep their ids, and are not imported again as records of the history'),
  first_index: z.int().nonnegative().max(1_000_000).default(0).describe('Place of the first record of `lifecycle_history` in the whole history, from 0'),
  partial: z.boolean().default(false).describe('The history goes on in another request: the status of the run is not that of its last record here'),
});
export type RunImport = z.infer<typeof runImportSchema>;

/** An imported entry as it is recorded: what it was, under an id that is the same however often it is sent. */
export const importedEntrySchema = z.object({
  event_id: z.string(),
  event: z.string(),
  occurred_at_ms: epochMsSchema,
  /** Place in the history that it came with, from 0. */
  index: z.int().nonnegative(),
  /** How many equal records came before it. */
  occurrence: z.int().nonnegative(),
  reason: z.string().nullable(),
  stop_kind: z.string().nullable(),
  metadata: z.record(z.string(), jsonSchema),
  status: z.string(),
});
export type ImportedEntry = z.infer<typeof importedEntrySchema>;

/** What is known of an imported run beside its history. */
export const importedRunHeaderSchema = z.object({
  run_id: runIdSchema,
  automation_id: automationIdSchema,
  status: z.string(),
  trigger_type: z.string(),
  created_at_ms: epochMsSchema,
  updated_at_ms: epochMsSchema,
  started_at_ms: epochMsSchema.nullable(),
  finished_at_ms: epochMsSchema.nullable(),
  workflow_definition_version: z.string().nullable(),
  workflow_definition_snapshot_hash: z.string().nullable(),
  awaiting_node_id: z.string().nullable(),
  completed_nodes: z.array(z.string()).readonly(),
  pending_nodes: z.array(z.string()).readonly(),
  blocked_nodes: z.array(z.string()).readonly(),
});
export type ImportedRunHeader = z.infer<typeof importedRunHeaderSchema>;

/** What an import did. */
export interface RunImported {
  readonly run_id: string;
  /** Entries that are new. */
  readonly imported: number;
  /** Entries that were there, or had been compacted by the other system. */
  readonly known: number;
  /** Entries of the run by now. */
  readonly last_seq: number;
}
