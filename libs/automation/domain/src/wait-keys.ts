import type { OpenWait, OpenWaitTimeout, PendingGate } from '@cs/contracts';

/*
 * What ended a wait, as one string (domain 8.4, 8.7 to 8.9): the same cause gives the same key, so that
 * doing it again is recognised.
 */
type Action = OpenWaitTimeout['on_timeout'];
const actionNames: Readonly<Record<Action, string>> = { cancel: 'Cancel', escalate: 'Escalate', remind: 'Remind', resume: 'Resume' };

interface Due {
  readonly run_id: string;
  readonly wait_id: string;
  readonly due_at_ms: number;
}

export const wakeKey = (wait_kind: OpenWait['wait_kind'], { run_id, wait_id, due_at_ms }: Due): string => `${wait_kind}:${run_id}:${wait_id}:${due_at_ms}`;
export const timeoutKey = (action: Action, { run_id, wait_id, due_at_ms }: Due): string => `timeout:${actionNames[action]}:${run_id}:${wait_id}:${due_at_ms}`;
export const webhookKey = (run_id: string, wait_id: string, delivery_id: string): string => `webhook:${run_id}:${wait_id}:${delivery_id}`;
export const externalKey = (wait_id: string, idempotency_key: string): string => `external:${wait_id}:${idempotency_key}`;
/** Of a wait that its run's end ended. */
export const phaseGuardKey = (wait_id: string): string => `phase-guard-denied:${wait_id}`;
export const approvalKey = (run_id: string, { node_id, requested_at_ms }: Pick<PendingGate, 'node_id' | 'requested_at_ms'>, status: 'woken' | 'cancelled'): string =>
  `approval:${run_id}:${node_id}:${requested_at_ms}:${status}`;
