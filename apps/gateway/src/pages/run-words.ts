import type { BlockingReason, OperatorAction, WaitRecord } from '@cs/contracts';
import { assertNever } from '@cs/kernel';

/** A name of the API as words: `awaiting_approval` is "awaiting approval". */
export const spaced = (name: string): string => name.replaceAll('_', ' ');

type Words = Readonly<Record<string, string>>;

const waits: Words = {
  approval: 'a decision', timer: 'a time', retry_backoff: 'its next attempt', webhook: 'a webhook', external_condition: 'a condition outside of it', child_run: 'another run', worker_task: 'a worker',
  question: 'an answer', escalation: 'somebody to take it on',
};

const wordOf = (words: Words, name: string): string => words[name] ?? spaced(name);

/** What a run waits for. */
export const awaited = (wait_kind: string): string => wordOf(waits, wait_kind);

const at = (node: string | null): string => (node === null ? '' : ` at ${node}`);
const because = (reason: string | null): string => (reason === null ? '' : `: ${reason}`);

/** Says only that the wait was read from the run, which is nobody's reason. */
const unsaid = 'run_level_active_wait';

/** Why a wait is there, as far as somebody said so. */
export const reasonOfWait = ({ reason }: Pick<WaitRecord, 'reason'>): string | null => (reason === unsaid ? null : reason);

const asked: Words = { deny: 'A policy refused', approval_required: 'A policy asks for an approval of' };
const leaving: Words = { pending: 'waits to leave', failed: 'could not leave', dead_lettered: 'was given up before it left' };
const undoing: Words = { failed: 'failed', proposed: 'waits for somebody to start it', awaiting_approval: 'waits for an approval' };

const named = (operation: string | null): string => operation ?? 'An effect';
const outcome = (status: string, operation: string | null): string => (status === 'unknown' ? `What became of ${operation ?? 'an effect'} is not known` : `${named(operation)} ${spaced(status)}`);

const judged = ({ decision, tool, reason_code, historical }: Extract<BlockingReason, { readonly kind: 'policy_decision' }>): string =>
  `${asked[decision] ?? 'A policy judged'} ${tool ?? 'an effect'}: ${spaced(reason_code)}${historical ? ' (settled since)' : ''}`;

/** Why a run does not go on by itself, in words. */
export const reasonWords = (reason: BlockingReason): string => {
  switch (reason.kind) {
    case 'run_status': return `The run is ${spaced(reason.status)}${at(reason.phase_id)}`;
    case 'active_wait': return `It waits for ${awaited(reason.wait_kind)}${at(reason.phase_id)}${because(reasonOfWait(reason))}`;
    case 'policy_decision': return judged(reason);
    case 'outbox': return `${named(reason.operation)} ${wordOf(leaving, reason.status)}`;
    case 'tool_effect': return outcome(reason.status, reason.operation);
    case 'dead_letter': return `A dead letter (${spaced(reason.source_type)}) waits for a person: ${reason.reason}`;
    case 'compensation': return `Undoing the effect ${reason.target_effect_id} ${wordOf(undoing, reason.status)}`;
    default: return assertNever(reason);
  }
};

/** What an operator may do, in words, with what it is about. */
export const actionWords = (action: OperatorAction): { readonly text: string; readonly ids: readonly string[] } => {
  switch (action.action) {
    case 'resume_from_checkpoint': return { text: 'Resume the run from where it stopped', ids: [] };
    case 'review_wait': return { text: 'Look at what it waits for', ids: action.wait_ids };
    case 'approve_or_deny_policy_decision': return { text: 'Decide what a policy asks an approval for', ids: action.approval_refs };
    case 'retry_or_reconcile_effect': return { text: 'Retry an effect, or say what became of it', ids: action.effect_ids };
    case 'resolve_dead_letter': return { text: 'Deal with a dead letter', ids: action.dead_letter_ids };
    case 'run_or_cancel_compensation': return { text: 'Run what undoes an effect, or cancel it', ids: action.compensation_ids };
    default: return assertNever(action);
  }
};
