import { approvalKey, isFinished, phaseGuardKey } from '@cs/automation-domain';
import type { PendingGate, Run } from '@cs/contracts';
import type { WaitRow } from './row-changes.js';
import type { RunTransition } from './run-transition.js';
import { tenantKey } from './tenant-key.js';
import { eventsOf } from './typed-events.js';
import { endedBy, openedBy, type Ending, type WaitEvent } from './wait-endings.js';
import { approvalRow, waitRow, type Moment } from './wait-row.js';

const ended = (row: WaitRow, { at_ms, seq }: Moment, { status, key, reason }: Ending): WaitRow => ({
  ...row, status, reason, updated_at_ms: at_ms, event_seq: seq, wake_idempotency_key: key ?? null, completed_at_ms: at_ms,
});

/** The waits that hold a run: none once it has finished, whatever its checkpoint still lists. */
const heldBy = (run: Run | undefined, moment: Moment): ReadonlyMap<string, WaitRow> => {
  if (run === undefined || isFinished(run.status)) return new Map();
  const rows = run.checkpoint.open_waits.map((wait) => waitRow(moment, wait));
  const gate = run.checkpoint.awaiting_gate;
  return new Map((gate === undefined ? rows : [...rows, approvalRow(moment, gate)]).map((row) => [row.wait_id, row]));
};

/** The wait goes on, with its next reminder. */
const reminded = (row: WaitRow, { at_ms, seq }: Moment, event: Extract<WaitEvent, { event_type: 'stateful_wait_timeout_reminded' }>): WaitRow => {
  const { reminder_count, last_reminded_at_ms, next_reminder_at_ms } = event.data;
  return {
    ...row, updated_at_ms: at_ms, event_seq: seq, timeout_at_ms: next_reminder_at_ms,
    ...(row.timeout_policy === null ? {} : { timeout_policy: { ...row.timeout_policy, timeout_at_ms: next_reminder_at_ms } }),
    metadata: { ...row.metadata, reminder_count, last_reminded_at_ms, next_reminder_at_ms },
  };
};

interface Applied {
  readonly moment: Moment;
  /** Nodes of which a branch ended in this commit: their other branches are over too. */
  readonly nodes: ReadonlySet<string>;
}

const applyEvent = (known: Map<string, WaitRow>, event: WaitEvent, { moment, gate }: { readonly moment: Moment; readonly gate: PendingGate | undefined }): string | undefined => {
  const opens = openedBy(event, moment);
  if (opens) known.set(opens.wait_id, opens);
  if (event.event_type === 'stateful_wait_timeout_reminded') {
    const row = known.get(event.data.wait_id);
    if (row) known.set(row.wait_id, reminded(row, moment, event));
  }
  const ends = endedBy(event, gate, moment.run_id);
  const row = ends && known.get(ends.id);
  if (row) known.set(row.wait_id, ended(row, moment, ends.how));
  return row?.phase_id;
};

/** Applies the commit's events to the waits known so far; answers the moment of the last one. */
const applyEvents = (known: Map<string, WaitRow>, { before, stored }: RunTransition, at: Omit<Moment, 'at_ms' | 'seq'>): Applied => {
  let gate = before?.checkpoint.awaiting_gate;
  let moment: Moment = { ...at, at_ms: 0, seq: stored.commit.version - stored.commit.events.length };
  const nodes = new Set<string>();
  for (const event of eventsOf('run', stored)) {
    moment = { ...moment, at_ms: event.recorded_at_ms, seq: moment.seq + 1 };
    if (event.event_type === 'approval_gate_opened') gate = event.data.gate;
    const node = applyEvent(known, event, { moment, gate });
    if (node !== undefined) nodes.add(node);
  }
  return { moment, nodes };
};

/** How a wait ended that no event names: its run ended, another branch came first, or its node was reset. */
const silentEnd = (row: WaitRow, run: Run, { nodes, status }: { readonly nodes: ReadonlySet<string>; readonly status: string }): Ending => {
  const reason = nodes.has(row.phase_id) && row.metadata?.['branch'] !== undefined ? 'another branch ended first' : `run:${status}`;
  if (row.wait_kind === 'approval') return { status: 'cancelled', reason, key: approvalKey(run.run_id, { node_id: row.phase_id, requested_at_ms: row.created_at_ms }, 'cancelled') };
  return { status: 'cancelled', reason, ...(isFinished(run.status) ? { key: phaseGuardKey(row.wait_id) } : {}) };
};

/** Brings the waits in line with what holds the run after the commit. */
const settle = (known: Map<string, WaitRow>, run: Run, { moment, nodes, status }: Applied & { readonly status: string }): void => {
  const held = heldBy(run, moment);
  for (const [id, row] of known) {
    if (row.status === 'waiting' && !held.has(id)) known.set(id, ended(row, moment, silentEnd(row, run, { nodes, status })));
  }
  // A finished run that was taken up again waits again for what it waited for.
  for (const [id, row] of held) if (!known.has(id)) known.set(id, row);
};

/** The same opening, with a vote, a reminder or an escalation more. */
const goneOn = ({ before, after }: RunTransition, moment: Moment): readonly WaitRow[] => {
  const [was, is] = [before?.checkpoint.awaiting_gate, after?.checkpoint.awaiting_gate];
  return is !== undefined && was !== is && was?.gate_opening_id === is.gate_opening_id ? [approvalRow(moment, is)] : [];
};

const waitEvents: ReadonlySet<string> = new Set<WaitEvent['event_type']>([
  'approval_gate_opened', 'approval_gate_decided', 'wait_node_registered', 'node_retry_backoff_scheduled', 'question_asked', 'escalation_issued', 'stateful_wait_woken_requeued',
  'stateful_wait_timeout_cancelled_run', 'stateful_wait_timeout_paused_run', 'stateful_wait_timeout_reminded',
]);

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
  const applied = applyEvents(known, transition, at);
  if (after) settle(known, after, { ...applied, status: stored.status });
  for (const row of goneOn(transition, applied.moment)) known.set(row.wait_id, row);
  return [...known].filter(([id, row]) => start.get(id) !== row).map(([, row]) => row);
};
