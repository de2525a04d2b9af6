import { accept, definedMembers, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { EffectIntent, GivenUpOutcome, HttpAction, Run, RunCompensation, RunEvent } from '@cs/contracts';
import { describedAction } from './described-effect.js';
import type { DecideCompensation, FinishCompensation, StartCompensation } from './recovery.commands.js';
import { recoveryOf } from './run-recovery.js';
import type { RunContext } from './run.commands.js';

export type CompensationRefusal = Refusal<'stateful_compensation_not_found' | 'stateful_compensation_not_pending' | 'stateful_compensation_not_approved' | 'stateful_compensation_needs_request'>;
type CompensationDecision = Decision<RunEvent, CompensationRefusal>;

const details = (run: Run, compensation_id: string, status?: string): Record<string, string> => ({ runID: run.run_id, compensation_id, ...(status === undefined ? {} : { currentStatus: status }) });

export const noCompensation = (run: Run, compensation_id: string) => refuse({ code: 'stateful_compensation_not_found', message: `the run has no compensation "${compensation_id}"`, details: details(run, compensation_id) } as const);
export const notPending = (run: Run, { compensation_id, status }: RunCompensation, wanted: string) =>
  refuse({ code: 'stateful_compensation_not_pending', message: `the compensation is ${status}; it cannot be ${wanted}`, details: details(run, compensation_id, status) } as const);

/** The effect that undoes another one: the same on every attempt. */
export const receiptEffectIdOf = ({ effect_id }: Pick<RunCompensation, 'effect_id'>): string => `${effect_id}:compensation`;

/** Somebody executes it, and their lease is not over. */
export const isClaimed = ({ status, claim }: RunCompensation, at_ms: number): boolean => status === 'running' && claim !== undefined && claim.claim_expires_at_ms > at_ms;

const moved = ({ compensation_id, status }: RunCompensation, to: 'awaiting_approval' | 'approved' | 'cancelled', { by, reason, command }: Pick<DecideCompensation, 'by' | 'reason' | 'command'>): RunEvent => {
  const text = reason?.trim() ?? '';
  return { event_type: 'compensation_moved', data: { compensation_id, from: status, to, reason: text === '' ? `${to} by operator` : text, by, ...(command === undefined ? {} : { command }) } };
};
export const compensationMoved = moved;

const approvable: ReadonlySet<string> = new Set(['proposed', 'awaiting_approval', 'failed']);
const cancellable: ReadonlySet<string> = new Set(['proposed', 'awaiting_approval', 'approved', 'running', 'failed']);
const approvedAlready: ReadonlySet<string> = new Set(['approved', 'running', 'completed']);

const approve = (command: DecideCompensation, run: Run, compensation: RunCompensation): CompensationDecision => {
  // The first approval holds; whoever comes second finds it.
  if (approvedAlready.has(compensation.status)) return accept();
  return approvable.has(compensation.status) ? accept(moved(compensation, 'approved', command)) : notPending(run, compensation, 'approved');
};

const cancel = (command: DecideCompensation, run: Run, { compensation, at_ms }: { compensation: RunCompensation; at_ms: number }): CompensationDecision => {
  if (compensation.status === 'cancelled') return accept();
  return cancellable.has(compensation.status) && !isClaimed(compensation, at_ms) ? accept(moved(compensation, 'cancelled', command)) : notPending(run, compensation, 'cancelled');
};

const reported = ({ by, reason = '', command }: DecideCompensation, compensation: RunCompensation): RunEvent => {
  const text = reason.trim();
  return {
    event_type: 'compensation_completed',
    data: { compensation_id: compensation.compensation_id, attempt: compensation.attempts, receipt_effect_id: receiptEffectIdOf(compensation), output: null, reason: text === '' ? 'done by hand' : text, by, ...definedMembers({ command }) },
  };
};

const complete = (command: DecideCompensation, run: Run, compensation: RunCompensation): CompensationDecision => {
  const { compensation_id, status, action } = compensation;
  if (action !== undefined) return refuse({ code: 'stateful_compensation_needs_request', message: 'the compensation has a request: it is executed, not reported', details: details(run, compensation_id, status) });
  if (status === 'completed') return accept();
  if (status !== 'approved') return refuse({ code: 'stateful_compensation_not_approved', message: `the compensation is ${status}, not approved`, details: details(run, compensation_id, status) });
  return accept(reported(command, compensation));
};

export const decideCompensation = (command: DecideCompensation, run: Run, { at_ms }: RunContext): CompensationDecision => {
  const compensation = recoveryOf(run).compensations[command.compensation_id];
  if (compensation === undefined) return noCompensation(run, command.compensation_id);
  switch (command.decision) {
    case 'approve': return approve(command, run, compensation);
    case 'cancel': return cancel(command, run, { compensation, at_ms });
    case 'complete': return complete(command, run, compensation);
  }
};

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);
const modeOf = (action: HttpAction | undefined): EffectIntent['mode'] => {
  if (action === undefined) return 'none';
  const { idempotency, method } = action;
  if (idempotency === 'none' || idempotency === 'safe') return idempotency;
  return idempotency === undefined && safeMethods.has(method) ? 'safe' : 'keyed';
};

/** The effect that its request has, under the same key on every attempt. */
export const receiptEffectOf = (compensation: RunCompensation): EffectIntent => {
  const effect_id = receiptEffectIdOf(compensation);
  return { effect_id, idempotency_key: effect_id, mode: modeOf(compensation.action), ...describedAction(compensation.action) };
};

/** It may be executed now: it was approved, or whoever executed it is gone and it may be sent again. */
export const isExecutable = (compensation: RunCompensation, at_ms: number): boolean =>
  compensation.action !== undefined && (compensation.status === 'approved' || (compensation.status === 'running' && !isClaimed(compensation, at_ms)));

const lost = (compensation: RunCompensation): RunEvent => ({
  event_type: 'compensation_failed',
  data: { compensation_id: compensation.compensation_id, attempt: compensation.attempts, effect_id: receiptEffectIdOf(compensation), outcome: 'unknown', failure: { kind: 'interrupted', message: 'whoever executed it is gone, and it may not be sent twice; what became of it is not known' } },
});

/** Nothing is written when it is not to be executed, or somebody does. Only what was approved ever is. */
export const startCompensation = ({ compensation_id, claimed_by, lease_ms }: StartCompensation, run: Run, { at_ms }: RunContext): CompensationDecision => {
  const compensation = recoveryOf(run).compensations[compensation_id];
  if (compensation === undefined) return noCompensation(run, compensation_id);
  if (!isExecutable(compensation, at_ms)) return accept();
  const effect = receiptEffectOf(compensation);
  if (compensation.status === 'running' && effect.mode === 'none') return accept(lost(compensation));
  return accept({ event_type: 'compensation_started', data: { compensation_id, attempt: compensation.attempts + 1, effect, claimed_by, claim_expires_at_ms: at_ms + lease_ms } });
};

/** What an attempt is answered says nothing of an earlier one that may have happened. */
const outcomeOf = (compensation: RunCompensation, outcome: GivenUpOutcome): GivenUpOutcome =>
  compensation.failure?.outcome === 'unknown' && modeOf(compensation.action) !== 'safe' ? 'unknown' : outcome;

/** An attempt that was taken over has nothing to report any more. */
export const finishCompensation = ({ compensation_id, attempt, result }: FinishCompensation, run: Run): CompensationDecision => {
  const compensation = recoveryOf(run).compensations[compensation_id];
  if (compensation === undefined) return noCompensation(run, compensation_id);
  if (compensation.status !== 'running' || compensation.attempts !== attempt) return accept();
  const receipt_effect_id = receiptEffectIdOf(compensation);
  if (result.kind === 'succeeded') return accept({ event_type: 'compensation_completed', data: { compensation_id, attempt, receipt_effect_id, output: result.output } });
  return accept({ event_type: 'compensation_failed', data: { compensation_id, attempt, effect_id: receipt_effect_id, outcome: outcomeOf(compensation, result.outcome), failure: result.failure } });
};
