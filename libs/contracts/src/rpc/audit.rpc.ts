import type { JsonObject } from '@cs/kernel';
import { z } from 'zod';
import type { AuditAnchor } from '../audit-anchor.schema.js';
import { auditFilterSchema, type AuditFilter } from '../events/audit.events.js';
import { runIdSchema } from '../scalars.schema.js';
import type { GovernanceActor } from '../tenant.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';

const audit = (name: string): string => `cs.rpc.observability.audit_${name}`;
const minPosition = { min_position: z.int().nonnegative().optional() };
const seq = z.int().nonnegative();

/** A record of the protected audit as others see it: with all that its hash covers. */
export interface AuditRecordShown {
  readonly seq: number;
  readonly event_id: string;
  readonly durability: string;
  readonly event_type: string;
  readonly tenant_context: { readonly org_id: string; readonly workspace_id: string; readonly deployment_id: string | null; readonly actor_id: null; readonly source: string };
  readonly actor: GovernanceActor | null;
  readonly payload: JsonObject;
  readonly created_at_ms: number;
  readonly prev_hash: string | null;
  readonly record_hash: string;
  /** `null`: no key signed it. */
  readonly integrity: { readonly algorithm: 'hmac-sha256'; readonly key_id: string; readonly segment_start: number } | null;
  /** Where it came from: position of the commit in the log, and place of the event in it. */
  readonly position: number;
  readonly event_index: number;
}

/** Records that the caller may read, newest first; filtered before they are cut. */
export const listAuditRecords = rpcMethod<Page<AuditRecordShown>>()(
  audit('records'),
  auditFilterSchema.extend({
    /** Only those in which somebody was refused something. */
    denials: z.boolean().optional(),
    actor_id: z.string().min(1).max(256).optional(),
    run_id: runIdSchema.optional(),
    limit: z.int().default(100).transform((value) => Math.min(Math.max(value, 1), 500)),
    cursor: z.string().max(400).optional(),
    ...minPosition,
  }),
);

/** What an export holds beside its records. */
export interface AuditExportBegun {
  readonly export_id: string;
  readonly exported_at_ms: number;
  readonly filter: AuditFilter;
  /** Records up to here. */
  readonly head_seq: number;
  readonly head_hash: string | null;
  /** Which key signs since which position of the log. */
  readonly keys: readonly { readonly position: number; readonly key_id: string; readonly key_check: string }[];
}

/** Records who exports what, or that somebody may not. Everything else of the export only reads. */
export const beginAuditExport = rpcMethod<AuditExportBegun>()(audit('export_begin'), z.object({ filter: auditFilterSchema, ...minPosition }));

/** A part of an export, in the order of the chain. */
export interface AuditExportPage {
  readonly records: readonly AuditRecordShown[];
  /** Absent on the last page. */
  readonly next_after_seq?: number;
}
export const readAuditExport = rpcMethod<AuditExportPage>()(audit('export_read'), z.object({ filter: auditFilterSchema, after_seq: seq, up_to_seq: seq }));

/** Anchors of the tenant's chain behind a place, oldest first. */
export const listAuditAnchors = rpcMethod<{ readonly anchors: readonly AuditAnchor[]; readonly next_after?: number }>()(audit('anchors'), z.object({ after: seq }));

