import type { AutomationDefinition, EffectIntent, GateDecision, GateDecisionRecord, GovernanceActor, NodeFailure, OpenWait, PendingGate, RunEvent } from '@cs/contracts';
import { descendants, flowGraph } from './flow-graph.js';
import { gateDecisions } from './gate-decisions.js';
import { sevenDays } from './gate-expiry.js';
import type { NodeResult, RequestRun } from './run.commands.js';
import { now } from './run-scenario.fixture.js';

export const runId = 'automation-v2-run-1';
export const ada: GovernanceActor = { kind: 'human', actor_id: 'ada', source: 'test' };
export const bob: GovernanceActor = { kind: 'human', actor_id: 'bob', source: 'test' };

export const createdData = (definition: AutomationDefinition, extra: Partial<RequestRun['created']> = {}): RequestRun['created'] => ({
  run_id: runId, automation_id: definition.automation_id, tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, trigger_type: 'manual',
  requested_by: ada, input: { amount: 42 }, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`,
  effective_execution_profile: 'guided', node_ids: definition.flow.nodes.map(({ node_id }) => node_id), ...extra,
});

const unclaimed = (claimant_id: string) => ({ claim_id: `run-claim-${claimant_id}`, claimant_id, claimed_at_ms: now, lease_expires_at_ms: now + 15_000 });

/** A claim as a runner asks for it. */
export const claimBy = (claimant_id: string, queued_version: number) => ({ type: 'claim', claim: unclaimed(claimant_id), queued_version }) as const;

export const effectOf = (node_id: string, mode: EffectIntent['mode'] = 'keyed', generation = 0): EffectIntent => ({
  operation: 'http.post', target: `http://peer/${node_id}`,
  effect_id: `${runId}:${node_id}:${generation}`, idempotency_key: `${runId}:${node_id}:${generation}`, mode,
});

export const failure: NodeFailure = { kind: 'timeout', message: 'no answer' };
export const failed = (extra: Partial<Extract<NodeResult, { kind: 'failed' }>> = {}): NodeResult => ({ kind: 'failed', failure, effect: 'unknown', retryable: true, ...extra });
export const succeeded: NodeResult = { kind: 'succeeded', contract_kind: 'http', content: { status: 200 } };

/** What happened so far, event by event. */
export const history = (definition: AutomationDefinition) => ({
  created: { event_type: 'run_created', data: createdData(definition) } satisfies RunEvent,
  claimed: (lease_epoch = 1, claimant = 'runner-1'): RunEvent => ({ event_type: 'run_execution_claimed', data: { claim: { ...unclaimed(claimant), lease_epoch } } }),
  started: (node_id: string, effect?: EffectIntent, attempt = 1): RunEvent => ({ event_type: 'node_started', data: { node_id, attempt, ...(effect === undefined ? {} : { effect }) } }),
  completed: (node_id: string, attempt = 1): RunEvent => ({
    event_type: 'node_completed', data: { node_id, attempt, output: { status: 'completed', contract_kind: 'http', content: { status: 200 }, created_at_ms: now } },
  }),
  failed: (node_id: string): RunEvent => ({ event_type: 'node_failed', data: { node_id, attempt: 1, failure } }),
  /** The dead letter of the first effect of a node. */
  lettered: (node_id: string, letter: Partial<Extract<RunEvent, { event_type: 'effect_dead_lettered' }>['data']> = {}): RunEvent => ({
    event_type: 'effect_dead_lettered',
    data: {
      dead_letter_id: `dead-letter-${runId}-${node_id}-0`, node_id, effect_id: effectOf(node_id).effect_id, outcome: 'failed', attempts: 1, reason: failure.message, recovery_options: ['retry', 'ignore', 'abandon'], ...letter,
    },
  }),
  blocked: (node_id: string): RunEvent => ({ event_type: 'node_blocked', data: { node_id, attempt: 1, effect_id: effectOf(node_id).effect_id, failure } }),
  waiting: (node_id: string, wake_at_ms = now + 1000): RunEvent => ({ event_type: 'wait_node_registered', data: { wait: timerWait(node_id, wake_at_ms) } }),
  backingOff: (node_id: string, attempt = 1, backoff_ms = 1000): RunEvent => ({
    event_type: 'node_retry_backoff_scheduled',
    data: {
      node_id, attempt, next_attempt: attempt + 1, max_attempts: 3, backoff_ms, retry_after_ms: now + backoff_ms, reason: failure.message, failure, retry_decision: 'retry_scheduled',
      wait: backoffWait(node_id, attempt, now + backoff_ms),
    },
  }),
  parked: (wait_ids: readonly string[], retry_after_ms?: number): RunEvent => ({ event_type: 'run_parked', data: { wait_ids, ...(retry_after_ms === undefined ? {} : { retry_after_ms }) } }),
  opened: (node_id: string, opening = 1): RunEvent => ({
    event_type: 'approval_gate_opened',
    data: { gate: pendingGate(definition, node_id, opening), blocked_nodes: descendants(definition, [node_id]).filter((id) => id !== node_id) },
  }),
  decided: (node_id: string, decision: GateDecision, extra: Partial<GateDecisionRecord> = {}): RunEvent => ({ event_type: 'approval_gate_decided', data: decisionRecord(node_id, decision, extra) }),
  rolledBack: (...node_ids: readonly string[]): RunEvent => ({ event_type: 'node_approval_rollback', data: { node_ids, reset_nodes: descendants(definition, node_ids) } }),
  finished: { event_type: 'run_completed', data: {} } satisfies RunEvent,
});

export const timerWait = (node_id: string, wake_at_ms = now + 1000, generation = 0): OpenWait => ({
  wait_id: `automation-v2:${runId}:${node_id}:${generation}:wait`, node_id, wait_kind: 'timer', wake_at_ms, created_at_ms: now,
});

export const backoffWait = (node_id: string, attempt: number, wake_at_ms: number): OpenWait => ({
  wait_id: `automation-v2:${runId}:${node_id}:0:backoff:${attempt}`, node_id, wait_kind: 'retry_backoff', wake_at_ms, created_at_ms: now,
});

export const requestId = (node_id: string): string => `automation_v2:${runId}:${node_id}`;

export const pendingGate = (definition: AutomationDefinition, node_id: string, opening = 1): PendingGate => {
  const node = flowGraph(definition).nodes.get(node_id);
  return {
    node_id, approval_request_id: requestId(node_id), gate_opening_id: `${requestId(node_id)}:${opening}`, wait_id: `${requestId(node_id)}:wait`, transition_id: `${requestId(node_id)}:decision`,
    title: 'Sign?', decisions: gateDecisions(node?.gate).decisions, rework_targets: node?.gate?.rework_targets ?? [], requested_at_ms: now, upstream_node_ids: node?.depends_on ?? [],
    expiry_policy: { expires_after_ms: sevenDays.expires_after_ms, on_expiry: 'cancel' }, expires_at_ms: now + sevenDays.expires_after_ms,
  };
};

export const decisionRecord = (node_id: string, decision: GateDecision, extra: Partial<GateDecisionRecord> = {}): GateDecisionRecord => ({
  node_id, gate_opening_id: `${requestId(node_id)}:1`, decision, decided_at_ms: now, decided_by: ada, ...extra,
});
