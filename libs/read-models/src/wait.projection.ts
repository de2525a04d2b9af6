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

const opened = ({ tenant, run_id, at_ms, seq }: Moment, wait: Pick<WaitRow, 'wait_id' | 'wait_kind' | 'phase_id' | 'created_at_ms' | 'wake_at_ms' | 'timeout_at_ms'>): WaitRow => ({
  ...tenant, run_id, ...wait, status: 'waiting', reason: null, updated_at_ms: at_ms, event_seq: seq, wake_idempotency_key: null, completed_at_ms: null,
});

const openedTimer = (moment: Moment, { wait_id, wait_kind, node_id, created_at_ms, wake_at_ms }: OpenWait): WaitRow =>
  opened(moment, { wait_id, wait_kind, phase_id: node_id, created_at_ms, wake_at_ms, timeout_at_ms: null });

const openedApproval = (moment: Moment, gate: PendingGate): WaitRow =>
  opened(moment, { wait_id: gate.wait_id, wait_kind: 'approval', phase_id: gate.node_id, created_at_ms: gate.requested_at_ms, wake_at_ms: null, timeout_at_ms: gateExpiry(gate) });

const ended = (row: WaitRow, { at_ms, seq }: Moment, { status, key, reason }: { readonly status: 'woken' | 'cancelled'; readonly key?: string; readonly reason: string }): WaitRow => ({
  ...row, status, reason, updated_at_ms: at_ms, event_seq: seq, wake_idempotency_key: key ?? null, completed_at_ms: at_ms,
});

/** The waits that hold a run: none once it has finished, whatever its checkpoint still lists. */
const heldBy = (run: Run | undefined, moment: Moment): ReadonlyMap<string, WaitRow> => {
  if (run === undefined || isFinished(run.status)) return new Map();
  const rows = run.checkpoint.open_waits.map((wait) => openedTimer(moment, wait));
  const gate = run.checkpoint.awaiting_gate;
  return new Map((gate === undefined ? rows : [...rows, openedApproval(moment, gate)]).map((row) => [row.wait_id, row]));
};

const gateEnd = (event: Extract<RecordedIn<'run'>, { event_type: 'approval_gate_decided' }>, gate: PendingGate, run_id: string) => {
  const status = event.data.decision === 'cancel' ? ('cancelled' as const) : ('woken' as const);
  return { status, key: `approval:${run_id}:${gate.node_id}:${gate.requested_at_ms}:${status}`, reason: `decision:${event.data.decision}` };
};

/** Applies what one event says about waits to the waits known so far. */
const applyEvent = (known: Map<string, WaitRow>, event: RecordedIn<'run'>, { moment, gate }: { readonly moment: Moment; readonly gate: PendingGate | undefined }): void => {
  const end = (id: string, how: Parameters<typeof ended>[2]): void => {
    const row = known.get(id);
    if (row) known.set(id, ended(row, moment, how));
  };
  switch (event.event_type) {
    case 'node_retry_backoff_scheduled':
    case 'wait_node_registered':
      known.set(event.data.wait.wait_id, openedTimer(moment, event.data.wait));
      return;
    case 'approval_gate_opened':
      known.set(event.data.gate.wait_id, openedApproval(moment, event.data.gate));
      return;
    case 'stateful_wait_woken_requeued':
      end(event.data.wait_id, { status: 'woken', key: event.data.wake_idempotency_key, reason: 'due' });
      return;
    case 'approval_gate_decided':
      if (gate) end(gate.wait_id, gateEnd(event, gate, moment.run_id));
      return;
    default:
  }
};

const applyEvents = (known: Map<string, WaitRow>, { before, stored }: RunTransition, at: Omit<Moment, 'at_ms' | 'seq'>): Moment => {
  let gate = before?.checkpoint.awaiting_gate;
  let moment: Moment = { ...at, at_ms: 0, seq: stored.commit.version - stored.commit.events.length };
  for (const event of eventsOf('run', stored)) {
    moment = { ...moment, at_ms: event.recorded_at_ms, seq: moment.seq + 1 };
    if (event.event_type === 'approval_gate_opened') gate = event.data.gate;
    applyEvent(known, event, { moment, gate });
  }
  return moment;
};

/**
 * The waits that a commit opened or ended. What the run no longer waits for, without an event that
 * says how it ended (its node was reset, its run finished), is cancelled.
 */
export const projectWaits = (transition: RunTransition): readonly WaitRow[] => {
  const { before, after, stored } = transition;
  const run = after ?? before;
  if (run === undefined) return [];
  const at = { tenant: tenantKey(run.tenant_context), run_id: run.run_id };
  const start = heldBy(before, { ...at, at_ms: 0, seq: 0 });
  const known = new Map(start);
  const moment = applyEvents(known, transition, at);
  const held = after === undefined ? known : heldBy(after, moment);
  for (const [id, row] of known) {
    if (row.status === 'waiting' && !held.has(id)) known.set(id, ended(row, moment, { status: 'cancelled', reason: `run:${stored.status}` }));
  }
  // A finished run that was taken up again waits again for what it waited for.
  for (const [id, row] of held) if (!known.has(id)) known.set(id, row);
  return [...known].filter(([id, row]) => start.get(id) !== row).map(([, row]) => row);
};
