import { isFinished } from '@cs/automation-domain';
import type { OpenWait, PendingGate, Run } from '@cs/contracts';
import { gateExpiry } from './gate.projection.js';
import type { WaitRow } from './row-changes.js';
import type { RunTransition } from './run-transition.js';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

/** When, and by which event of the run. */
interface Moment {
  readonly tenant: TenantKey;
  readonly run_id: string;
  readonly at_ms: number;
  readonly seq: number;
}

const opened = ({ tenant, run_id, at_ms, seq }: Moment, wait: Pick<WaitRow, 'wait_id' | 'wait_kind' | 'phase_id' | 'created_at_ms' | 'wake_at_ms' | 'timeout_at_ms'> & Partial<Pick<WaitRow, 'webhook_match'>>): WaitRow => ({
  ...tenant, run_id, webhook_match: null, ...wait, status: 'waiting', reason: null, updated_at_ms: at_ms, event_seq: seq, wake_idempotency_key: null, completed_at_ms: null,
});

const openedTimer = (moment: Moment, { wait_id, wait_kind, node_id, created_at_ms, wake_at_ms, timeout, webhook_match }: OpenWait): WaitRow =>
  opened(moment, { webhook_match: webhook_match ?? null, wait_id, wait_kind, phase_id: node_id, created_at_ms, wake_at_ms: wake_at_ms ?? null, timeout_at_ms: timeout?.timeout_at_ms ?? null });

const openedApproval = (moment: Moment, gate: PendingGate): WaitRow =>
  opened(moment, { wait_id: gate.wait_id, wait_kind: 'approval', phase_id: gate.node_id, created_at_ms: gate.requested_at_ms, wake_at_ms: null, timeout_at_ms: gateExpiry(gate) });

interface Ending {
  readonly status: 'woken' | 'cancelled';
  readonly key?: string;
  readonly reason: string;
}

const ended = (row: WaitRow, { at_ms, seq }: Moment, { status, key, reason }: Ending): WaitRow => ({
  ...row, status, reason, updated_at_ms: at_ms, event_seq: seq, wake_idempotency_key: key ?? null, completed_at_ms: at_ms,
});

/** The waits that hold a run: none once it has finished, whatever its checkpoint still lists. */
const heldBy = (run: Run | undefined, moment: Moment): ReadonlyMap<string, WaitRow> => {
  if (run === undefined || isFinished(run.status)) return new Map();
  const rows = run.checkpoint.open_waits.map((wait) => openedTimer(moment, wait));
  const gate = run.checkpoint.awaiting_gate;
  return new Map((gate === undefined ? rows : [...rows, openedApproval(moment, gate)]).map((row) => [row.wait_id, row]));
};

const gateEnd = (event: Extract<RecordedIn<'run'>, { event_type: 'approval_gate_decided' }>, gate: PendingGate, run_id: string): Ending => {
  const status = event.data.decision === 'cancel' ? 'cancelled' : 'woken';
  return { status, key: `approval:${run_id}:${gate.node_id}:${gate.requested_at_ms}:${status}`, reason: `decision:${event.data.decision}` };
};

/** The wait that an event opens, if it does. */
const openedBy = (event: RecordedIn<'run'>, moment: Moment): WaitRow | undefined => {
  if (event.event_type === 'approval_gate_opened') return openedApproval(moment, event.data.gate);
  if (event.event_type === 'wait_node_registered' || event.event_type === 'node_retry_backoff_scheduled') return openedTimer(moment, event.data.wait);
  return undefined;
};

/** The wait that an event ends, and how. `gate` is the one that is open. */
const endedBy = (event: RecordedIn<'run'>, gate: PendingGate | undefined, run_id: string): { readonly id: string; readonly how: Ending } | undefined => {
  if (event.event_type === 'stateful_wait_woken_requeued') {
    return { id: event.data.wait_id, how: { status: 'woken', key: event.data.wake_idempotency_key, reason: 'due' } };
  }
  return event.event_type === 'approval_gate_decided' && gate !== undefined ? { id: gate.wait_id, how: gateEnd(event, gate, run_id) } : undefined;
};

/** Applies the commit's events to the waits known so far; answers the moment of the last one. */
const applyEvents = (known: Map<string, WaitRow>, { before, stored }: RunTransition, at: Omit<Moment, 'at_ms' | 'seq'>): Moment => {
  let gate = before?.checkpoint.awaiting_gate;
  let moment: Moment = { ...at, at_ms: 0, seq: stored.commit.version - stored.commit.events.length };
  for (const event of eventsOf('run', stored)) {
    moment = { ...moment, at_ms: event.recorded_at_ms, seq: moment.seq + 1 };
    if (event.event_type === 'approval_gate_opened') gate = event.data.gate;
    const opens = openedBy(event, moment);
    if (opens) known.set(opens.wait_id, opens);
    const ends = endedBy(event, gate, at.run_id);
    const row = ends && known.get(ends.id);
    if (row) known.set(row.wait_id, ended(row, moment, ends.how));
  }
  return moment;
};

/** Brings the waits in line with what holds the run after the commit. */
const settle = (known: Map<string, WaitRow>, held: ReadonlyMap<string, WaitRow>, { moment, status }: { readonly moment: Moment; readonly status: string }): void => {
  for (const [id, row] of known) {
    if (row.status === 'waiting' && !held.has(id)) known.set(id, ended(row, moment, { status: 'cancelled', reason: `run:${status}` }));
  }
  // A finished run that was taken up again waits again for what it waited for.
  for (const [id, row] of held) if (!known.has(id)) known.set(id, row);
};

const waitEvents: ReadonlySet<string> = new Set(['approval_gate_opened', 'approval_gate_decided', 'wait_node_registered', 'node_retry_backoff_scheduled', 'stateful_wait_woken_requeued']);

/** Most commits have nothing to do with waits. */
const concernsWaits = ({ before, after, stored }: RunTransition): boolean => {
  const holds = (run: Run | undefined): boolean => run !== undefined && (run.checkpoint.open_waits.length > 0 || run.checkpoint.awaiting_gate !== undefined);
  return holds(before) || holds(after) || stored.commit.events.some(({ event_type }) => waitEvents.has(event_type));
};

/**
 * The waits that a commit opened or ended. What the run no longer waits for, without an event that
 * says how it ended (its node was reset, its run finished), is cancelled.
 */
export const projectWaits = (transition: RunTransition): readonly WaitRow[] => {
  const { before, after, stored } = transition;
  const run = after ?? before;
  if (run === undefined || !concernsWaits(transition)) return [];
  const at = { tenant: tenantKey(run.tenant_context), run_id: run.run_id };
  const start = heldBy(before, { ...at, at_ms: 0, seq: 0 });
  const known = new Map(start);
  const moment = applyEvents(known, transition, at);
  if (after) settle(known, heldBy(after, moment), { moment, status: stored.status });
  return [...known].filter(([id, row]) => start.get(id) !== row).map(([, row]) => row);
};
