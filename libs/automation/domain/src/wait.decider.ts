import { accept, refuse, type Decision } from '@cs/kernel';
import type { EndedWait, OpenWait, Run, RunEvent, WaitKind } from '@cs/contracts';
import { endOverdueChild } from './child-run.decider.js';
import type { ExecutionRefusal, RunContext } from './run.commands.js';
import { isFinished } from './run.state.js';
import { requestDue } from './human-request-deadline.decider.js';
import { dueOutcome } from './wait-due.js';
import { externalKey, phaseGuardKey, wakeKey, webhookKey } from './wait-keys.js';
import { waitOutput, type WokenBy } from './wait-output.js';
import type { DeliverWebhook, ResolveWait, WaitRefusal, WakeWait } from './wait.commands.js';
import { timedOut } from './wait-timeout.decider.js';
import { matchesDelivery } from './webhook-match.js';
import { itemOf } from './work-key.js';

interface Waking extends WokenBy {
  readonly wake_idempotency_key: string;
  readonly wait_event: string;
  readonly delivery_id?: string;
}

/** A back-off ends without an output: its node is to be tried again. */
const woken = (wait: OpenWait, { wake_idempotency_key, wait_event, delivery_id, ...by }: Waking): RunEvent => ({
  event_type: 'stateful_wait_woken_requeued',
  data: {
    wait_id: wait.wait_id, node_id: wait.node_id, ...itemOf(wait), wait_kind: wait.wait_kind, wake_idempotency_key, wait_event: `stateful_runtime.wait.${wait_event}`,
    ...(delivery_id === undefined ? {} : { delivery_id }), ...(wait.wait_kind === 'retry_backoff' ? {} : { output: waitOutput(wait, by) }),
  },
});

const wakeDue = (run: Run, wait: OpenWait, at_ms: number): RunEvent => {
  const due_at_ms = wait.wake_at_ms ?? at_ms;
  const wake_idempotency_key = wakeKey(wait.wait_kind, { run_id: run.run_id, wait_id: wait.wait_id, due_at_ms });
  return woken(wait, { at_ms, facts: { due_at_ms }, wake_idempotency_key, wait_event: `${wait.wait_kind}_woken` });
};

/** What a wait comes to at its wake-up: it has its output, or its deadline is over. */
const endDue = (run: Run, wait: OpenWait, context: RunContext): Decision<RunEvent, ExecutionRefusal> => {
  if (wait.request !== undefined) return accept(...requestDue(run, { wait, request: wait.request }, context));
  return wait.wait_kind === 'child_run' ? endOverdueChild(run, wait, context) : accept(wakeDue(run, wait, context.at_ms));
};

/**
 * Ends a wait whose time has come, by the time of the command, which is never before what the run
 * recorded last. Late, doubled and raced wake-ups find the wait gone, or its run finished: nothing happens.
 */
export const wakeWait = ({ wait_id }: WakeWait, run: Run, context: RunContext): Decision<RunEvent, ExecutionRefusal> => {
  const { at_ms } = context;
  const wait = run.checkpoint.open_waits.find((open) => open.wait_id === wait_id);
  if (wait === undefined || isFinished(run.status)) return accept();
  switch (dueOutcome(wait, at_ms)) {
    case 'wake':
      return endDue(run, wait, context);
    case 'timeout':
      return wait.timeout === undefined ? accept() : accept(timedOut({ run, wait, timeout: wait.timeout, at_ms }));
    case undefined:
      return refuse({ code: 'wait_not_open', message: `wait "${wait_id}" is not due` });
  }
};

const alreadyEnded = (run: Run, { wait_id, status, wake_idempotency_key, completed_at_ms }: Omit<EndedWait, 'node_id' | 'wait_kind'>): Decision<never, WaitRefusal> =>
  refuse({
    code: 'AUTOMATION_V2_WAIT_ALREADY_ENDED', message: `wait "${wait_id}" has ended already: ${status}`,
    details: { runID: run.run_id, waitID: wait_id, status, wake_idempotency_key, completed_at_ms },
  });

interface FromOutside {
  readonly wait_id: string;
  readonly kind: WaitKind;
  readonly key: string;
}

/** Finds the wait that someone outside wants to end; what ended it first is the answer to all who come later. */
const judge = (run: Run, { wait_id, kind, key }: FromOutside, end: (wait: OpenWait) => Decision<RunEvent, WaitRefusal>): Decision<RunEvent, WaitRefusal> => {
  const ended = run.checkpoint.ended_waits?.find((known) => known.wait_id === wait_id);
  if (ended !== undefined) return ended.wake_idempotency_key === key ? accept() : alreadyEnded(run, ended);
  const wait = run.checkpoint.open_waits.find((open) => open.wait_id === wait_id);
  if (wait === undefined) return refuse({ code: 'AUTOMATION_V2_WAIT_NOT_FOUND', message: `the run has no wait "${wait_id}"`, details: { runID: run.run_id, waitID: wait_id } });
  if (wait.wait_kind !== kind) {
    return refuse({ code: 'AUTOMATION_V2_WAIT_NOT_RESOLVABLE', message: `wait "${wait_id}" is a wait of kind ${wait.wait_kind}`, details: { runID: run.run_id, waitID: wait_id, kind: wait.wait_kind } });
  }
  if (isFinished(run.status)) return alreadyEnded(run, { wait_id, status: 'cancelled', wake_idempotency_key: phaseGuardKey(wait_id), completed_at_ms: run.updated_at_ms });
  return end(wait);
};

/** Wakes a webhook wait by a delivery that is what it waits for. One delivery ends a wait once, whoever brings it how often. */
export const deliverWebhook = ({ wait_id, delivery }: DeliverWebhook, run: Run, { at_ms }: RunContext): Decision<RunEvent, WaitRefusal> => {
  const key = webhookKey(run.run_id, wait_id, delivery.delivery_id);
  return judge(run, { wait_id, kind: 'webhook', key }, (wait) => {
    if (!matchesDelivery(wait.webhook_match, delivery)) return refuse({ code: 'wait_not_matching', message: `delivery "${delivery.delivery_id}" is not what wait "${wait_id}" waits for` });
    const { payload, delivery_id, ...facts } = delivery;
    return accept(woken(wait, { at_ms, facts: { delivery_id, ...facts }, payload, wake_idempotency_key: key, wait_event: 'webhook_woken', delivery_id }));
  });
};

/** Wakes an external wait: the condition holds. */
export const resolveWait = ({ wait_id, idempotency_key, payload }: ResolveWait, run: Run, { at_ms }: RunContext): Decision<RunEvent, WaitRefusal> => {
  const key = externalKey(wait_id, idempotency_key);
  return judge(run, { wait_id, kind: 'external_condition', key }, (wait) =>
    accept(woken(wait, { at_ms, facts: { condition_key: wait.condition_key ?? null }, payload, wake_idempotency_key: key, wait_event: 'external_condition_resolved' })));
};
