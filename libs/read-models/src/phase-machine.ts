import type { PhaseTransition } from '@cs/contracts';
import { phaseOf } from './phase.js';

interface PhaseRow {
  /** Moves of work that goes forward. */
  readonly next: readonly string[];
  /** Moves back into work that was left: requeued, recovered, repaired. */
  readonly reentry: readonly string[];
}

/** Every move from one phase to another (domain 7.6). A phase may always stay what it is. */
export const phaseTable: Readonly<Record<string, PhaseRow>> = {
  created: { next: ['queued', 'cancelled'], reentry: [] },
  // A dry run is completed by what creates it; a run that cannot begin fails before it ran.
  queued: { next: ['running_phase', 'completed', 'failed', 'paused_attention_required', 'cancelled'], reentry: ['retrying', 'sleeping', 'waiting_webhook', 'awaiting_approval'] },
  running_phase: { next: ['sleeping', 'waiting_webhook', 'awaiting_approval', 'retrying', 'paused_attention_required', 'failed', 'completed', 'cancelled'], reentry: ['queued'] },
  sleeping: { next: ['running_phase', 'paused_attention_required', 'failed', 'cancelled'], reentry: ['queued', 'waiting_webhook', 'retrying', 'awaiting_approval'] },
  waiting_webhook: { next: ['running_phase', 'retrying', 'paused_attention_required', 'failed', 'cancelled'], reentry: ['queued', 'sleeping', 'awaiting_approval'] },
  awaiting_approval: { next: ['running_phase', 'paused_attention_required', 'failed', 'cancelled'], reentry: ['queued'] },
  retrying: { next: ['running_phase', 'paused_attention_required', 'failed', 'cancelled'], reentry: ['queued', 'sleeping', 'waiting_webhook', 'awaiting_approval'] },
  paused_attention_required: { next: ['queued', 'running_phase', 'failed', 'cancelled'], reentry: ['sleeping', 'waiting_webhook', 'awaiting_approval', 'retrying'] },
  failed: { next: [], reentry: ['queued'] },
  completed: { next: [], reentry: ['queued'] },
  cancelled: { next: [], reentry: ['queued'] },
};

const terminalPhases: readonly string[] = ['failed', 'completed', 'cancelled'];

/** Where a run in this phase may go, re-entries last. Nothing is known of the phases of a newer release. */
export const allowedNextPhases = (phase: string): readonly string[] => {
  const row = phaseTable[phase];
  return row === undefined ? [] : [...row.next, ...row.reentry];
};

/** The phase after an event: a run that was queued by a back-off is retrying, whatever its status says. */
export const phaseAfter = (status: string, event: string): string => phaseOf(status === 'queued' && event === 'node_retry_backoff_scheduled' ? 'retrying' : status);

export interface PhaseStep {
  readonly run_id: string;
  /** Undefined: nothing is known of what was before. */
  readonly from: string | undefined;
  readonly to: string;
  /** Type of the event that led there. */
  readonly event: string;
  readonly at_ms: number;
  readonly phase_id: string | null;
}

const marksOf = (from: string, to: string): Pick<PhaseTransition, 'event_type' | 'reentry' | 'anomaly'> => {
  const row = phaseTable[from];
  if (row?.next.includes(to) === true) return { event_type: 'stateful_runtime.phase.transition' };
  if (row?.reentry.includes(to) === true) return { event_type: 'stateful_runtime.phase.transition', reentry: true };
  return { event_type: 'stateful_runtime.phase.observed', anomaly: terminalPhases.includes(from) ? 'from_terminal_phase' : 'not_in_the_table' };
};

/** The step between two phases; `undefined` when the phase stays. A move that the table does not have is recorded as an anomaly: nothing stops a projection. */
export const phaseTransition = ({ run_id, from, to, event, at_ms, phase_id }: PhaseStep): PhaseTransition | undefined => {
  const common = { to_phase: to, occurred_at_ms: at_ms, phase_id, reason: `automation_v2_lifecycle:${event}` };
  if (from === undefined) return { event_id: `${run_id}:phase:${to}:${at_ms}`, event_type: 'stateful_runtime.phase.observed', from_phase: null, ...common };
  if (from === to) return undefined;
  return { event_id: `${run_id}:phase_transition:${from}:${to}:${at_ms}`, from_phase: from, ...common, ...marksOf(from, to) };
};
