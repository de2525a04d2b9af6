import { z } from 'zod';
import type { AuditVerification, AutomationRecord, DeadLetterRecord, DueWait, StatefulEvent, StatefulRun } from '../read-models.schema.js';
import type { RunRecord } from '../run-record.js';
import type { StatefulSnapshot } from '../run-snapshot.schema.js';
import { automationIdSchema, runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';

/** Waits, bounded, until the projection holds at least this log position. */
const minPosition = { min_position: z.int().nonnegative().optional() };
/** Opaque key of the last item of the page before; pages are ordered newest first unless stated. */
const page = (fallback: number, max: number) => ({
  limit: z.int().default(fallback).transform((value) => Math.min(Math.max(value, 1), max)),
  cursor: z.string().max(400).optional(),
});

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string;
}

const observability = (name: string): string => `cs.rpc.observability.${name}`;

export const getAutomation = rpcMethod<AutomationRecord>()(observability('automation_get'), z.object({ automation_id: automationIdSchema, ...minPosition }));
export const listAutomations = rpcMethod<Page<AutomationRecord>>()(observability('automation_list'), z.object({ ...page(50, 200), ...minPosition }));
export const getRun = rpcMethod<RunRecord>()(observability('run_get'), z.object({ run_id: runIdSchema, ...minPosition }));
export const listRuns = rpcMethod<Page<RunRecord>>()(
  observability('run_list'),
  z.object({ automation_id: automationIdSchema.optional(), status: z.string().max(32).optional(), ...page(50, 200), ...minPosition }),
);
const newest = (fallback: number, max: number) => z.int().default(fallback).transform((value) => Math.min(Math.max(value, 1), max));
/** A run with the newest of its events and of its snapshots, each in ascending `seq`. */
export const getStatefulRun = rpcMethod<{ run: StatefulRun; events: readonly StatefulEvent[]; snapshots: readonly StatefulSnapshot[] }>()(
  observability('stateful_run_get'),
  z.object({ run_id: runIdSchema, event_limit: newest(50, 500), snapshot_limit: newest(10, 200), ...minPosition }),
);
const word = z.string().min(1).max(256).optional();
/** What runs are found by through their scope (domain 1.6). */
export const runScopeFilterSchema = z.object({
  org_unit_id: word, owner_id: word, owner_kind: word, resource_kind: word, resource_id: word, policy_version_id: word, data_class: word, risk_tier: word, delegation_grant_id: word, source_binding_id: word,
});
/** A run has to fit every filter. Another tenant's org, workspace or deployment, and a kind or workflow that no run has, are an empty list. */
export const listStatefulRuns = rpcMethod<Page<StatefulRun>>()(
  observability('stateful_run_list'),
  z.object({
    status: z.string().max(32).optional(), phase: word, kind: word, automation_id: automationIdSchema.optional(), workflow_id: word,
    /** Part of the trigger type, in any case. */
    trigger: word,
    org_id: word, workspace_id: word, deployment_id: word, ...runScopeFilterSchema.shape, ...page(250, 1000), ...minPosition,
  }),
);
/** Events of a run in ascending `seq`; `tail` keeps the last `limit` instead of the first. */
export const listRunEvents = rpcMethod<{ run_id: string; events: readonly StatefulEvent[]; count: number }>()(
  observability('run_events'),
  z.object({
    run_id: runIdSchema,
    after_seq: z.int().nonnegative().optional(),
    before_seq: z.int().nonnegative().optional(),
    limit: z.int().default(250).transform((value) => (value <= 0 ? 1000 : Math.min(value, 1000))),
    tail: z.boolean().default(false),
    ...minPosition,
  }),
);
/** Where a verification ended, as its answer gave it: `{seq}.{record_hash}` and, behind a further dot, the place of the last anchor. */
export const auditCheckpointSchema = z.string().max(120).regex(/^\d{1,15}\.[0-9a-f]{64}(\.\d{1,15})?$/, 'expected the `checkpoint` of an earlier answer');
/** Looks at as many records as a few seconds allow; `complete: false` asks to go on from the answer's checkpoint. */
export const verifyAudit = rpcMethod<AuditVerification>()(observability('audit_verify'), z.object({ checkpoint: auditCheckpointSchema.optional(), ...minPosition }));
export const listDeadLetters = rpcMethod<Page<DeadLetterRecord>>()(observability('dead_letters'), z.object({ ...page(100, 500), ...minPosition }));
/** Timer waits of every tenant that should have ended: the safety net behind the timers. For services only. */
export const listDueWaits = rpcMethod<{ waits: readonly DueWait[] }>()(
  observability('waits_due'),
  z.object({
    due_before_ms: z.int().nonnegative(), limit: z.int().min(1).max(1000).default(100),
    after: z.object({ due_at_ms: z.int().nonnegative(), run_id: z.string(), wait_id: z.string() }).optional(),
  }),
);
