import { accept, refuse, type Decision } from '@cs/kernel';
import type { AutomationDefinition, NodeInProgress, Run, RunEvent } from '@cs/contracts';
import { earlierAttempts } from './counted-attempts.js';
import { flowGraph } from './flow-graph.js';
import { reachedGuardrails } from './guardrails.js';
import { staleReason } from './reset-plan.js';
import { repairableNodes } from './repairable-output.js';
import { maxAttemptsOf } from './retry-policy.js';
import { lastActivityMs } from './run-accounting.js';
import type { ExecutionRefusal, RunContext } from './run.commands.js';
import type { RenewQueueMessage, SettlePausing } from './supervision.commands.js';
import { itemOf, workOfKey } from './work-key.js';

type SupervisionDecision = Decision<RunEvent, ExecutionRefusal>;

/** A run is quiet for at least so long before it counts as stale; longer while a step may still be under way. */
export const minStaleMs = 600_000;
const stepGraceMs = 60_000;
const defaultStepTimeoutMs = 30_000;
/** A stale run goes on by itself within this time, so often. */
export const autoResumeWithinMs = 20 * 60_000;
const maxAutoResumes = 2;

const unneeded = (message: string): SupervisionDecision => refuse({ code: 'run_not_runnable', message });

interface InProgress extends NodeInProgress {
  readonly key: string;
  readonly node_id: string;
}

const stepsOf = ({ checkpoint }: Run): readonly InProgress[] =>
  Object.entries(checkpoint.in_progress).map(([key, progress]) => ({ key, node_id: workOfKey(key).node_id, ...progress }));

const staleAfterMs = (run: Run, definition: AutomationDefinition): number => {
  const { nodes } = flowGraph(definition);
  const timeouts = stepsOf(run).map(({ node_id }) => (nodes.get(node_id)?.timeout_ms ?? defaultStepTimeoutMs) + stepGraceMs);
  return Math.max(minStaleMs, ...timeouts);
};

/** Just claimed, and the runner still has time to begin. */
const isBeginning = (run: Run, at_ms: number): boolean => run.status === 'running' && lastActivityMs(run) <= run.execution_claim.claimed_at_ms && run.execution_claim.lease_expires_at_ms > at_ms;

/** Nobody will hear of it any more, and it may not be sent again: a person has to ask the peer. */
const isUnrepeatable = ({ effect }: InProgress): boolean => effect?.mode === 'none';

const isExhausted = (run: Run, definition: AutomationDefinition) => ({ key, node_id, attempt }: InProgress): boolean => {
  const node = flowGraph(definition).nodes.get(node_id);
  return node !== undefined && attempt - earlierAttempts(run, workOfKey(key)) >= maxAttemptsOf(node);
};

const blockedSteps = (steps: readonly InProgress[]): readonly RunEvent[] =>
  steps.filter(isUnrepeatable).map(({ key, attempt, effect }) => {
    const work = workOfKey(key);
    const failure = { kind: staleReason, message: `nothing was heard of attempt ${attempt} for too long; what became of it is not known` };
    return { event_type: 'node_blocked', data: { node_id: work.node_id, ...itemOf(work), attempt, effect_id: effect?.effect_id ?? '', failure } };
  });

/**
 * A running run in which nothing happens: its runner is stuck, or its queue message is lost. Paused with
 * its steps repairable; failed when a step has no attempts left. Steps whose effect may not be repeated
 * are left to a person.
 */
export const reapStale = (run: Run, { definition, at_ms }: RunContext): SupervisionDecision => {
  const idle_ms = at_ms - lastActivityMs(run);
  if (run.status !== 'running' || idle_ms < staleAfterMs(run, definition)) return unneeded('the run is not stale');
  if (isBeginning(run, at_ms)) return unneeded('the run was claimed just now');
  const steps = stepsOf(run);
  const exhausted = steps.filter((step) => !isUnrepeatable(step)).find(isExhausted(run, definition));
  const repeatable = [...new Set(steps.filter((step) => !isUnrepeatable(step)).map(({ node_id }) => node_id))];
  if (exhausted !== undefined) {
    const detail = `nothing has happened for ${Math.floor(idle_ms / 1000)} s, and node "${exhausted.node_id}" has no attempts left`;
    return accept<RunEvent>(...blockedSteps(steps), { event_type: 'run_failed_stale_no_provider_activity', data: { detail, idle_ms, node_id: exhausted.node_id, attempt: exhausted.attempt, failed_nodes: repeatable } });
  }
  const unknown_nodes = [...new Set(steps.filter(isUnrepeatable).map(({ node_id }) => node_id))];
  return accept<RunEvent>(...blockedSteps(steps), { event_type: 'run_paused_stale_no_provider_activity', data: { reason: staleReason, idle_ms, repairable_nodes: repeatable, unknown_nodes } });
};

const mayGoOn = (run: Run, { definition, at_ms }: RunContext): boolean => {
  const { stale_reaped_at_ms = 0, stale_auto_resumes = 0 } = run.supervision ?? {};
  const { nodes } = flowGraph(definition);
  const hasAttempts = (id: string): boolean => {
    const node = nodes.get(id);
    return node !== undefined && (run.checkpoint.node_attempts[id] ?? 0) - earlierAttempts(run, { node_id: id }) < maxAttemptsOf(node);
  };
  return at_ms - stale_reaped_at_ms <= autoResumeWithinMs && stale_auto_resumes < maxAutoResumes && repairableNodes(run).every(hasAttempts) && reachedGuardrails(run, { definition, at_ms }).length === 0;
};

export const autoResume = (run: Run, context: RunContext): SupervisionDecision => {
  if (run.status !== 'paused' || run.pause_reason !== staleReason || run.stop_kind !== 'stale_reaped') return unneeded('the run was not paused because it was stale');
  if (!mayGoOn(run, context)) return unneeded('the run waits for an operator');
  return accept({ event_type: 'run_auto_resumed', data: { reason: `resumed after ${staleReason}`, cause: staleReason } });
};

export const settlePausingOnRestart = ({ quiet_ms = 0 }: SettlePausing, run: Run, { at_ms }: RunContext): SupervisionDecision =>
  run.status === 'pausing' && at_ms - run.updated_at_ms >= quiet_ms ? accept({ event_type: 'run_pausing_settled_on_restart', data: { reason: run.pause_reason ?? 'paused by operator' } }) : accept();

export const interruptForShutdown = (run: Run): SupervisionDecision => {
  if (run.status !== 'running') return accept();
  const { claim_id, claimant_id } = run.execution_claim;
  return accept({ event_type: 'run_interrupted_shutdown', data: { claim_id, claimant_id, nodes: [...new Set(stepsOf(run).map(({ node_id }) => node_id))] } });
};

const renewalAfterMs = 60_000;
const longestRenewalMs = 3_600_000;

/** Offered again after a minute, then less and less often: a run that no runner can take must not occupy them. */
const isRenewalDue = (run: Run, at_ms: number): boolean =>
  at_ms - run.updated_at_ms >= Math.min(renewalAfterMs * 2 ** (run.supervision?.renewals ?? 0), longestRenewalMs);

export const renewQueueMessage = ({ version }: RenewQueueMessage, run: Run, { at_ms }: RunContext): SupervisionDecision => {
  if (run.status !== 'queued' || run.scheduler !== undefined || run.version !== version || !isRenewalDue(run, at_ms)) return accept();
  return accept({ event_type: 'run_queue_message_renewed', data: { reason: 'queue_message_lost', renewal: (run.supervision?.renewals ?? 0) + 1 } });
};
