import { approvalKey } from '@cs/automation-domain';
import type { PendingGate } from '@cs/contracts';
import type { WaitRow } from './row-changes.js';
import type { RecordedIn } from './typed-events.js';
import { approvalRow, waitRow, type Moment } from './wait-row.js';

export type WaitEvent = RecordedIn<'run'>;

export interface Ending {
  readonly status: Exclude<WaitRow['status'], 'waiting'>;
  readonly key?: string;
  readonly reason: string;
}

const gateEnd = (event: Extract<WaitEvent, { event_type: 'approval_gate_decided' }>, gate: PendingGate, run_id: string): Ending => {
  const status = event.data.decision === 'cancel' || event.data.decision === 'expired' ? 'cancelled' : 'woken';
  return { status, key: approvalKey(run_id, gate, status), reason: `decision:${event.data.decision}` };
};

/** The wait that an event opens, if it does. */
export const openedBy = (event: WaitEvent, moment: Moment): WaitRow | undefined => {
  if (event.event_type === 'approval_gate_opened') return approvalRow(moment, event.data.gate);
  return 'wait' in event.data ? waitRow(moment, event.data.wait) : undefined;
};

const waitEventPrefix = 'stateful_runtime.wait.';
/** `timer_woken`, `timeout_resumed`, …; waits of earlier releases ended by their time. */
const reasonOf = ({ wait_event }: { readonly wait_event?: string | undefined }): string => wait_event?.replace(waitEventPrefix, '') ?? 'due';

type EndingEvent = Extract<WaitEvent, { event_type: 'stateful_wait_woken_requeued' | 'stateful_wait_timeout_cancelled_run' | 'stateful_wait_timeout_paused_run' }>;

const statusAfter = (event: EndingEvent): Ending['status'] => {
  if (event.event_type === 'stateful_wait_timeout_paused_run') return event.data.wait_status;
  return event.event_type === 'stateful_wait_woken_requeued' ? 'woken' : 'cancelled';
};

const isEnding = (event: WaitEvent): event is EndingEvent =>
  event.event_type === 'stateful_wait_woken_requeued' || event.event_type === 'stateful_wait_timeout_cancelled_run' || event.event_type === 'stateful_wait_timeout_paused_run';

/** The wait that an event ends, and how. `gate` is the one that is open. */
export const endedBy = (event: WaitEvent, gate: PendingGate | undefined, run_id: string): { readonly id: string; readonly how: Ending } | undefined => {
  if (isEnding(event)) return { id: event.data.wait_id, how: { status: statusAfter(event), key: event.data.wake_idempotency_key, reason: reasonOf(event.data) } };
  return event.event_type === 'approval_gate_decided' && gate !== undefined ? { id: gate.wait_id, how: gateEnd(event, gate, run_id) } : undefined;
};
