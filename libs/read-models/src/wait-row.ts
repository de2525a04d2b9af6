import { gateDueAtMs } from '@cs/automation-domain';
import type { OpenWait, OpenWaitTimeout, PendingGate } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';
import type { WaitRow } from './row-changes.js';
import type { TenantKey } from './tenant-key.js';

/** When, and by which event of the run. */
export interface Moment {
  readonly tenant: TenantKey;
  readonly run_id: string;
  readonly at_ms: number;
  readonly seq: number;
}

type Opened = Pick<WaitRow, 'wait_id' | 'wait_kind' | 'phase_id' | 'created_at_ms' | 'wake_at_ms' | 'timeout_at_ms' | 'timeout_policy' | 'metadata' | 'webhook_match'>;

// One literal: building rows from parts by spreading takes several times as long.
const opened = ({ tenant, run_id, at_ms, seq }: Moment, wait: Opened): WaitRow => ({
  org_id: tenant.org_id, workspace_id: tenant.workspace_id, deployment_id: tenant.deployment_id, run_id,
  wait_id: wait.wait_id, wait_kind: wait.wait_kind, phase_id: wait.phase_id, created_at_ms: wait.created_at_ms, wake_at_ms: wait.wake_at_ms,
  timeout_at_ms: wait.timeout_at_ms, timeout_policy: wait.timeout_policy, metadata: wait.metadata, webhook_match: wait.webhook_match,
  status: 'waiting', reason: null, updated_at_ms: at_ms, event_seq: seq, wake_idempotency_key: null, completed_at_ms: null,
});

/** Longest schema that is listed with its wait, in characters; a longer one is in the definition. */
const shownSchemaLength = 4096;

const shown = (schema: OpenWait['payload_schema']): Json | undefined => (schema !== undefined && JSON.stringify(schema).length <= shownSchemaLength ? schema : undefined);

const present = (members: JsonObject): JsonObject | null => {
  const there = Object.entries(members).filter(([, value]) => value !== undefined);
  return there.length === 0 ? null : Object.fromEntries(there);
};

const policyOf = ({ timeout_at_ms, on_timeout, escalate_to, remind_every_ms }: OpenWaitTimeout): JsonObject | null => present({ timeout_at_ms, on_timeout, escalate_to, remind_every_ms });

const metadataOf = ({ webhook_match, condition_key, payload_schema, child_run_id, item, branch, timeout }: OpenWait): JsonObject | null =>
  present({
    webhook_match: webhook_match && present(webhook_match), condition_key, payload_schema: shown(payload_schema), child_run_id, item, branch,
    reminder_count: timeout?.reminder_count, last_reminded_at_ms: timeout?.last_reminded_at_ms,
  });

/** A wait of a run as it opens. */
export const waitRow = (moment: Moment, wait: OpenWait): WaitRow =>
  opened(moment, {
    wait_id: wait.wait_id, wait_kind: wait.wait_kind, phase_id: wait.node_id, created_at_ms: wait.created_at_ms, wake_at_ms: wait.wake_at_ms ?? null,
    timeout_at_ms: wait.timeout?.timeout_at_ms ?? null, timeout_policy: wait.timeout === undefined ? null : policyOf(wait.timeout), metadata: metadataOf(wait), webhook_match: wait.webhook_match ?? null,
  });

const expiryOf = ({ expires_at_ms, expiry_policy }: PendingGate): JsonObject | null =>
  present({ timeout_at_ms: expires_at_ms, on_timeout: expiry_policy?.on_expiry, escalate_to: expiry_policy?.escalate_to, remind_every_ms: expiry_policy?.remind_every_ms });

/** A gate as it opens: a wait for a decision. */
export const approvalRow = (moment: Moment, gate: PendingGate): WaitRow =>
  opened(moment, {
    wait_id: gate.wait_id, wait_kind: 'approval', phase_id: gate.node_id, created_at_ms: gate.requested_at_ms, wake_at_ms: null,
    // When time next asks something of it: the sweep looks at it then.
    timeout_at_ms: gateDueAtMs(gate) ?? null, timeout_policy: expiryOf(gate),
    metadata: present({ gate_opening_id: gate.gate_opening_id, gate_policy_state: gate.policy_state && present(gate.policy_state) }), webhook_match: null,
  });
