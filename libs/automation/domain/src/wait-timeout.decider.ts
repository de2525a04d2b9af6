import { assertNever } from '@cs/kernel';
import type { OpenWait, OpenWaitTimeout, Run, RunEvent } from '@cs/contracts';
import { timeoutKey } from './wait-keys.js';
import { waitOutput } from './wait-output.js';
import { itemOf } from './work-key.js';

/** Who an escalation goes to when its wait names nobody (domain 5.9). */
const unassigned = 'unassigned_escalation_principal';

interface Expired {
  readonly run: Run;
  readonly wait: OpenWait;
  readonly timeout: OpenWaitTimeout;
  readonly at_ms: number;
}

const facts = ({ run, wait: { wait_id, node_id, item, wait_kind }, timeout: { on_timeout, timeout_at_ms } }: Expired, wait_event: string) => ({
  wait_id, node_id, ...itemOf({ node_id, item }), wait_kind, wake_idempotency_key: timeoutKey(on_timeout, { run_id: run.run_id, wait_id, due_at_ms: timeout_at_ms }),
  wait_event: `stateful_runtime.wait.${wait_event}`, due_at_ms: timeout_at_ms, reason: `the wait of node "${node_id}" was not ended in time`,
});

const resumed = (expired: Expired): RunEvent => {
  const { due_at_ms, reason: _reason, ...ended } = facts(expired, 'timeout_resumed');
  return { event_type: 'stateful_wait_woken_requeued', data: { ...ended, output: waitOutput(expired.wait, { at_ms: expired.at_ms, facts: { due_at_ms, timed_out: true } }) } };
};

const reminded = (expired: Expired): RunEvent => {
  const { timeout: { remind_every_ms, reminder_count = 0 }, at_ms } = expired;
  const data = facts(expired, 'timeout_reminded');
  if (remind_every_ms === undefined) return { event_type: 'stateful_wait_timeout_paused_run', data: { ...data, wait_status: 'timed_out' } };
  return {
    event_type: 'stateful_wait_timeout_reminded',
    data: { ...data, reminder_count: reminder_count + 1, last_reminded_at_ms: at_ms, next_reminder_at_ms: at_ms + remind_every_ms },
  };
};

/** What a wait's timeout does (domain 8.4): exactly one event, the same whoever finds it due. */
export const timedOut = (expired: Expired): RunEvent => {
  const { on_timeout, escalate_to = unassigned } = expired.timeout;
  switch (on_timeout) {
    case 'cancel':
      return { event_type: 'stateful_wait_timeout_cancelled_run', data: { ...facts(expired, 'timeout_cancelled'), stop_kind: 'cancelled' } };
    case 'escalate':
      return { event_type: 'stateful_wait_timeout_paused_run', data: { ...facts(expired, 'timeout_escalated'), wait_status: 'escalated', escalated_to: escalate_to } };
    case 'remind':
      return reminded(expired);
    case 'resume':
      return resumed(expired);
    default:
      return assertNever(on_timeout);
  }
};
