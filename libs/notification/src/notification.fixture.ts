import { runEvents, type GateDecision, type GateVote, type PendingGate, type QuestionRequest, type RunEvent } from '@cs/contracts';
import { InMemoryEventStore, type Eventing } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { fixedClock, sha256 } from '@cs/testing';
import type { ChannelOutcome, NotificationChannel } from './notification-channel.port.js';

export const tenant = { org_id: 'acme', workspace_id: 'ops' };
export const runId = 'automation-v2-run-1';

export const pendingGate = (change: Partial<PendingGate> = {}): PendingGate => ({
  node_id: 'approve', gate_opening_id: `automation_v2:${runId}:approve:1`, approval_request_id: `automation_v2:${runId}:approve`,
  wait_id: 'w', transition_id: 't', title: 'Refund 12.50 to Ada', decisions: ['approve', 'rework'], rework_targets: ['look_up'], requested_at_ms: 1, upstream_node_ids: [],
  ...change,
});

export const decisionOf = (decision: GateDecision, reason?: string) => ({
  node_id: 'approve', gate_opening_id: pendingGate().gate_opening_id, decision, decided_at_ms: 2, decided_by: { kind: 'human' as const, actor_id: 'grace' }, ...(reason === undefined ? {} : { reason }),
});

const statusAfter = { approval_gate_opened: 'awaiting_approval', approval_gate_vote_recorded: 'awaiting_approval', approval_gate_reminder_due: 'awaiting_approval', approval_gate_escalated: 'awaiting_approval', approval_gate_decided: 'queued', approval_binding_broken: 'running', run_cancelled: 'cancelled', run_stopped: 'cancelled', run_recovered: 'queued', question_asked: 'sleeping', stateful_wait_timeout_reminded: 'sleeping', question_answered: 'queued', question_timed_out: 'queued', human_request_cancelled: 'cancelled' } as const;

export const voteOf = (voter: string, decision: GateDecision = 'approve'): GateVote => ({ vote_id: voter, voter, decision, voted_by: { kind: 'human', actor_id: voter }, voted_at_ms: 2 });

const waitingAt = (gate: PendingGate): Json => ({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { ...gate } as unknown as Json, gate_history: [] } });

export const questionId = `automation-v2:${runId}:count:0:question:1`;
const nothingAsked: Json = { status: 'queued', checkpoint: { open_waits: [] } };

/** The log in memory, in which gates open and are decided; published events come from what it holds. */
export class NotificationLog {
  readonly clock = fixedClock();
  readonly store = new InMemoryEventStore();
  readonly eventing: Eventing = { store: this.store, clock: this.clock, digest: sha256 };
  #runVersion = 0;
  #runPosition = 0;
  /** The gate that is open, as it is now. */
  #gate: PendingGate = pendingGate();

  /** Appends the event to the run and answers its published form. */
  async publish(event: Extract<RunEvent, { event_type: keyof typeof statusAfter }>, state?: Json): Promise<string> {
    this.#runVersion += 1;
    const event_id = `event-${this.#runVersion}`;
    const recorded = { event_id, event_type: event.event_type, version: runEvents[event.event_type].version, recorded_at_ms: this.clock(), correlation_id: 'refund-order', data: JSON.parse(JSON.stringify(event.data)) };
    const ref = { ...tenant, aggregate: 'run' as const, id: runId };
    const appended = await this.store.append(ref, statusAfter[event.event_type], { commit_id: event_id, previous: this.#runPosition, version: this.#runVersion, events: [recorded], ...(state === undefined ? {} : { state: { version: 1, value: state } }) });
    if (appended.kind === 'conflict') throw new Error('the run was changed by someone else');
    this.#runPosition = appended.position;
    return JSON.stringify({ ...tenant, event_id, event_type: event.event_type, aggregate: 'run', aggregate_id: runId, seq: 1, position: appended.position, status: 'x', occurred_at_ms: this.clock(), data: event.data });
  }

  opened(gate = pendingGate()): Promise<string> {
    this.#gate = gate;
    return this.publish({ event_type: 'approval_gate_opened', data: { gate, blocked_nodes: [] } }, waitingAt(gate));
  }

  /** Somebody votes at the gate, which stays open. */
  voted(voter: string, decision: GateDecision = 'approve'): Promise<string> {
    const vote = voteOf(voter, decision);
    this.#gate = { ...this.#gate, votes: [...(this.#gate.votes ?? []), vote] };
    const { node_id, gate_opening_id } = this.#gate;
    return this.publish({ event_type: 'approval_gate_vote_recorded', data: { node_id, gate_opening_id, vote } }, waitingAt(this.#gate));
  }

  decided(decision: GateDecision = 'approve', reason?: string): Promise<string> {
    const { votes } = this.#gate;
    const data = decisionOf(decision, reason);
    return this.publish({ event_type: 'approval_gate_decided', data: votes === undefined ? data : { ...data, votes: [...votes, voteOf('grace', decision)] } });
  }

  reminded(reminder_count = 1): Promise<string> {
    const { node_id, gate_opening_id, approval_request_id, policy_state = { escalations: 0, reminder_count } } = this.#gate;
    const notification_key = `${approval_request_id}:reminder:${reminder_count}`;
    this.#gate = { ...this.#gate, policy_state: { ...policy_state, reminder_count, last_reminded_at_ms: this.clock(), notification_key } };
    return this.publish({ event_type: 'approval_gate_reminder_due', data: { node_id, gate_opening_id, expires_at_ms: 86_400_000, reminder_count, expired_reminder: false, notification_key } }, waitingAt(this.#gate));
  }

  escalated(escalated_to = 'lead'): Promise<string> {
    const { node_id, gate_opening_id, approval_request_id } = pendingGate();
    return this.publish({ event_type: 'approval_gate_escalated', data: { node_id, gate_opening_id, expires_at_ms: 5, escalated_to, escalations: 1, notification_key: `${approval_request_id}:escalated:1` } }, waitingAt(this.#gate));
  }

  /** The run was cancelled while its gate was open, or after it was decided. */
  cancelled(isOpen = true): Promise<string> {
    return this.publish({ event_type: 'run_cancelled', data: { reason: 'not needed', stop_kind: 'operator_stopped' } }, { status: 'cancelled', checkpoint: isOpen ? { awaiting_gate: { ...this.#gate } as unknown as Json } : {} });
  }

  /** An operator cancelled it. */
  stopped(): Promise<string> {
    return this.publish({ event_type: 'run_stopped', data: { reason: 'not needed', stop_kind: 'operator_stopped' } }, waitingAt(pendingGate()));
  }

  /** The run was recovered: of the gate that was open nothing is left, unless it is there still. */
  recovered(gate?: PendingGate): Promise<string> {
    return this.publish({ event_type: 'run_recovered', data: { reason: 'try again', roots: ['look_up'], reset_nodes: ['look_up'], cleared_outputs: [], unknown_effects: [] } }, gate === undefined ? { status: 'queued', checkpoint: {} } : waitingAt(gate));
  }

  /** A step was about to do something else than what an approval of the gate let it do. */
  bindingBroken(): Promise<string> {
    const { gate_opening_id, node_id } = pendingGate();
    return this.publish({ event_type: 'approval_binding_broken', data: { node_id: 'pay', gate_node_id: node_id, gate_opening_id, approved_digest: `sha256:${'0'.repeat(64)}`, actual_digest: `sha256:${'1'.repeat(64)}`, differences: [] } });
  }

  /** A step asked a person for a value. */
  questionAsked(change: Partial<QuestionRequest> = {}, wait_id = questionId): Promise<string> {
    const request: QuestionRequest = { kind: 'question', prompt: 'How many lamps?', ...change };
    const wait = { wait_id, node_id: 'count', wait_kind: 'question', created_at_ms: 1, wake_at_ms: 86_400_000, request } as const;
    return this.publish({ event_type: 'question_asked', data: { wait } }, { status: 'sleeping', checkpoint: { open_waits: [{ wait_id }] } });
  }

  /** Time passes and nobody has answered, or ended the wait that it is. */
  waitReminded(reminder_count = 1, wait_kind: 'question' | 'escalation' | 'timer' = 'question'): Promise<string> {
    const data = { wait_id: questionId, node_id: 'count', wait_kind, wake_idempotency_key: `k${reminder_count}`, due_at_ms: 2, reason: 'not ended in time', reminder_count, last_reminded_at_ms: 2, next_reminder_at_ms: 3 };
    return this.publish({ event_type: 'stateful_wait_timeout_reminded', data }, { status: 'sleeping', checkpoint: { open_waits: [{ wait_id: questionId }] } });
  }

  questionAnswered(): Promise<string> {
    return this.publish({ event_type: 'question_answered', data: { request_id: questionId, node_id: 'count', answer: 'the secret answer', conversion: 'kept', answered_by: { kind: 'human', actor_id: 'grace' }, answered_at_ms: 2, reason: 'a secret reason' } }, nothingAsked);
  }

  questionTimedOut(used_default: boolean): Promise<string> {
    return this.publish({ event_type: 'question_timed_out', data: { request_id: questionId, node_id: 'count', due_at_ms: 3, used_default } }, nothingAsked);
  }

  requestCancelled(kind: 'question' | 'escalation' = 'question'): Promise<string> {
    return this.publish({ event_type: 'human_request_cancelled', data: { request_id: questionId, node_id: 'count', kind, reason: 'the run is cancelled' } }, nothingAsked);
  }

  /** What a durable consumer on the pending deliveries is given. */
  pending() {
    return this.store.all().filter(({ ref, status }) => ref.aggregate === 'delivery' && status === 'pending');
  }

  /** Every event of deliveries so far. */
  deliveryEvents(): readonly string[] {
    return this.store.all().filter(({ ref }) => ref.aggregate === 'delivery').flatMap(({ commit }) => commit.events.map((event) => event.event_type));
  }
}

/** A channel that answers as it is told, and then with `sent`. */
export class ScriptedChannel implements NotificationChannel {
  readonly sent: Parameters<NotificationChannel['send']>[0][] = [];
  constructor(readonly name: string, readonly outcomes: (ChannelOutcome | Error)[] = []) {}

  send(request: Parameters<NotificationChannel['send']>[0]): Promise<ChannelOutcome> {
    this.sent.push(request);
    const outcome = this.outcomes.shift() ?? { kind: 'sent', message_id: `m-${this.sent.length}` };
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  }
}
