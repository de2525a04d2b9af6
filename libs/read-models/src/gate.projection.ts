import { isFinished } from '@cs/automation-domain';
import type { GateDecisionRecord, PendingGate, Run } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { gateKeysOf } from './gate-keys.js';
import type { GateRow } from './row-changes.js';
import type { RunTransition } from './run-transition.js';
import { tenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

/** When an open gate runs out; `null` when its definition sets no time. */
export const gateExpiry = ({ expires_at_ms }: PendingGate): number | null => expires_at_ms ?? null;

// One literal: building rows from parts by spreading takes several times as long.
const openRow = (run: Run, gate: PendingGate, position: number): GateRow => ({
  org_id: run.tenant_context.org_id, workspace_id: run.tenant_context.workspace_id, deployment_id: run.tenant_context.deployment_id ?? '',
  gate_opening_id: gate.gate_opening_id, run_id: run.run_id, automation_id: run.automation_id, node_id: gate.node_id,
  status: 'open', keys: gateKeysOf(run, gate), gate, requested_by: run.requested_by, requested_at_ms: gate.requested_at_ms, expires_at_ms: gateExpiry(gate),
  decision: null, decided_by: null, decided_at_ms: null, reason: null, position,
});

/** A decision about an opening that was never seen still leaves its row. */
const unseen = (run: Run, { gate_opening_id, node_id, decided_at_ms }: GateDecisionRecord, position: number): GateRow => ({
  ...tenantKey(run.tenant_context), gate_opening_id, run_id: run.run_id, automation_id: run.automation_id, node_id,
  status: 'open', keys: null, gate: null, requested_by: run.requested_by, requested_at_ms: decided_at_ms, expires_at_ms: null,
  decision: null, decided_by: null, decided_at_ms: null, reason: null, position,
});

const decide = (row: GateRow, { decision, decided_by, decided_at_ms, reason }: GateDecisionRecord, position: number): GateRow => ({
  ...row, status: 'decided', decision, decided_by, decided_at_ms, reason: reason ?? null, position,
});

const openingOf = (run: Run | undefined): PendingGate | undefined => (run === undefined || isFinished(run.status) ? undefined : run.checkpoint.awaiting_gate);

/** Applies what the commit's events say about gates to the openings known so far. */
const applyEvents = (rows: Map<string, GateRow>, run: Run, stored: StoredCommit): void => {
  const { position } = stored;
  for (const event of eventsOf('run', stored)) {
    if (event.event_type === 'approval_gate_opened') rows.set(event.data.gate.gate_opening_id, openRow(run, event.data.gate, position));
    if (event.event_type !== 'approval_gate_decided') continue;
    rows.set(event.data.gate_opening_id, decide(rows.get(event.data.gate_opening_id) ?? unseen(run, event.data, position), event.data, position));
  }
};

const textOf = (data: unknown, member: 'reason' | 'detail'): string | undefined => {
  const value = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>)[member] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const endOf = ({ actor, recorded_at_ms, event_type, data }: RecordedIn<'run'>): Pick<GateRow, 'decided_by' | 'decided_at_ms' | 'reason'> => ({
  decided_by: actor ?? null, decided_at_ms: recorded_at_ms, reason: textOf(data, 'reason') ?? textOf(data, 'detail') ?? event_type,
});

/** An opening that lost its run: whoever ended it, when, and why. */
const close = (row: GateRow, stored: StoredCommit): GateRow => {
  const [first] = eventsOf('run', stored);
  return { ...row, ...(first === undefined ? {} : endOf(first)), status: 'closed', position: stored.position };
};

/** Brings the openings in line with the run: it waits at `open` and at no other. */
const settle = (rows: Map<string, GateRow>, run: Run, stored: StoredCommit): void => {
  const { position } = stored;
  const open = openingOf(run);
  for (const [id, row] of rows) if (row.status === 'open' && open?.gate_opening_id !== id) rows.set(id, close(row, stored));
  // A vote, a reminder or an escalation changed it, or it was never seen.
  if (open && rows.get(open.gate_opening_id)?.gate !== open) rows.set(open.gate_opening_id, openRow(run, open, position));
};

/** The gate openings that a commit opened, decided or, by ending what they belong to, closed. */
export const projectGates = ({ before, after, stored }: RunTransition): readonly GateRow[] => {
  const run = after ?? before;
  if (run === undefined) return [];
  const held = openingOf(before);
  const start = held && openRow(run, held, stored.position);
  const rows = new Map(start ? [[start.gate_opening_id, start]] : []);
  applyEvents(rows, run, stored);
  if (after) settle(rows, after, stored);
  return [...rows.values()].filter((row) => row !== start);
};
