import { accept, definedMembers, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { Run, RunCompensation, RunDeadLetter, RunEvent } from '@cs/contracts';
import { compensationMoved, isClaimed, noCompensation, notPending, type CompensationRefusal } from './compensation.decider.js';
import { declaredCompensation } from './declared-compensation.js';
import { effectIdOf } from './node-generation.js';
import type { ChooseRecovery } from './recovery.commands.js';
import { executionModeOf, isAutomatic, recoveryChoiceOf, type RecoveryChoice } from './recovery-choices.js';
import { retryDispatch } from './retry-dispatch.js';
import { evolveRecovery } from './recovery-evolution.js';
import { runEffectIds } from './run-effects.js';
import { compensationIdOf, recoveryOf } from './run-recovery.js';
import type { RunContext } from './run.commands.js';

export type RecoveryRefusal = CompensationRefusal | Refusal<'stateful_recovery_choice_required' | 'stateful_dead_letter_not_found' | 'stateful_dead_letter_settled' | 'stateful_dead_letter_choice_unavailable' | 'stateful_effect_not_found'>;
type RecoveryDecision = Decision<RunEvent, RecoveryRefusal>;

interface Chosen {
  readonly command: ChooseRecovery;
  readonly choice: RecoveryChoice | undefined;
  readonly reason: string;
  /** What it is about, or everything that takes it. */
  readonly letters: readonly RunDeadLetter[];
  readonly compensations: readonly RunCompensation[];
}

const isActive = (letter: RunDeadLetter): boolean => letter.superseded === undefined && (letter.status === 'open' || letter.status === 'retry_requested' || letter.status === 'retrying');
const named = <Item>(record: Readonly<Record<string, Item>>, id: string | undefined): readonly Item[] => (id === undefined || record[id] === undefined ? [] : [record[id]]);

const isUntargeted = ({ dead_letter_id, compensation_id, target_effect_id }: ChooseRecovery): boolean => dead_letter_id === undefined && compensation_id === undefined && target_effect_id === undefined;

const lettersFor = (command: ChooseRecovery, choice: RecoveryChoice | undefined, run: Run): readonly RunDeadLetter[] => {
  const { dead_letters } = recoveryOf(run);
  const { dead_letter_id, target_effect_id } = command;
  if (dead_letter_id !== undefined) return named(dead_letters, dead_letter_id);
  if (target_effect_id !== undefined) return Object.values(dead_letters).filter((letter) => letter.effect_id === target_effect_id);
  return choice === 'retry_failed_effect' && isUntargeted(command) ? Object.values(dead_letters).filter((letter) => isActive(letter) && letter.recovery_options.includes('retry')) : [];
};

const compensationsFor = (command: ChooseRecovery, choice: RecoveryChoice | undefined, { run, letters }: { run: Run; letters: readonly RunDeadLetter[] }): readonly RunCompensation[] => {
  const { compensations } = recoveryOf(run);
  if (command.compensation_id !== undefined) return named(compensations, command.compensation_id);
  if (choice !== 'compensate_pending_effects') return [];
  if (isUntargeted(command)) return Object.values(compensations).filter(({ status, superseded }) => superseded === undefined && (status === 'proposed' || status === 'failed'));
  const ids = new Set(letters.map(({ compensation_id }) => compensation_id));
  return Object.values(compensations).filter(({ compensation_id, effect_id }) => ids.has(compensation_id) || effect_id === command.target_effect_id);
};

const dispositions: Readonly<Partial<Record<RecoveryChoice, readonly [status: RunDeadLetter['status'], disposition: string]>>> = {
  retry_failed_effect: ['retry_requested', 'retry'], compensate_pending_effects: ['linked_to_compensation', 'compensate'], abandon_with_audit: ['ignored', 'abandon'],
};

const isHeldAlready = ({ status }: RunDeadLetter, wanted: RunDeadLetter['status']): boolean => status === wanted || (wanted === 'retry_requested' && status === 'retrying');

/** Choosing the same again changes nothing. */
const disposed = (letter: RunDeadLetter, { command, choice, reason }: Chosen): readonly RunEvent[] => {
  const [status, disposition] = (choice && dispositions[choice]) ?? (['open', 'reviewed'] as const);
  if (isHeldAlready(letter, status) && status !== 'open') return [];
  const { dead_letter_id, compensation_id } = letter;
  return [{ event_type: 'dead_letter_disposition_recorded', data: { dead_letter_id, status, disposition, reason, by: command.by, ...(status === 'linked_to_compensation' ? definedMembers({ compensation_id }) : {}) } }];
};

const movable: Readonly<Record<string, 'awaiting_approval' | 'approved'>> = { proposed: 'approved', failed: 'approved' };

/** Where a person has to approve, it is asked for; what failed after its approval is executed once more under it. */
const asked = (compensation: RunCompensation, { command, choice, reason }: Chosen): readonly RunEvent[] => {
  const why = { by: command.by, reason };
  if (choice === 'abandon_with_audit') return compensation.status === 'cancelled' ? [] : [compensationMoved(compensation, 'cancelled', why)];
  if (choice !== 'compensate_pending_effects') return [];
  const to = movable[compensation.status];
  if (to === undefined) return [];
  const isApproved = !compensation.approval_required || compensation.approved_by !== undefined;
  return [compensationMoved(compensation, isApproved ? to : 'awaiting_approval', why)];
};

/** Something that succeeded is undone too, where its node says how. */
const proposed = ({ target_effect_id }: ChooseRecovery, run: Run, { definition }: RunContext): readonly RunEvent[] => {
  const node = definition.flow.nodes.find(({ node_id }) => run.checkpoint.completed_nodes.includes(node_id) && effectIdOf(run, { node_id }) === target_effect_id);
  const declared = node && declaredCompensation(node);
  if (node === undefined || declared === undefined || target_effect_id === undefined) return [];
  const compensation_id = compensationIdOf(run, node);
  if (Object.hasOwn(recoveryOf(run).compensations, compensation_id)) return [];
  return [{ event_type: 'compensation_proposed', data: { compensation_id, node_id: node.node_id, effect_id: target_effect_id, outcome: 'succeeded', ...declared } }];
};

const after = (run: Run, events: readonly RunEvent[], at_ms: number): Run => events.reduce((state, event) => evolveRecovery(state, { ...event, recorded_at_ms: at_ms }), run);

const settled = (chosen: Chosen): RunDeadLetter | undefined => (chosen.choice === 'retry_failed_effect' || chosen.choice === 'compensate_pending_effects' ? chosen.letters.find(({ status, superseded }) => status === 'resolved' || superseded !== undefined) : undefined);

const unknownTarget = ({ dead_letter_id, compensation_id, target_effect_id }: ChooseRecovery, run: Run): RecoveryDecision | undefined => {
  const { dead_letters, compensations } = recoveryOf(run);
  if (dead_letter_id !== undefined && !Object.hasOwn(dead_letters, dead_letter_id)) {
    return refuse({ code: 'stateful_dead_letter_not_found', message: `the run has no dead letter "${dead_letter_id}"`, details: { runID: run.run_id, dead_letter_id } });
  }
  if (compensation_id !== undefined && !Object.hasOwn(compensations, compensation_id)) return noCompensation(run, compensation_id);
  if (target_effect_id === undefined || runEffectIds(run).has(target_effect_id)) return undefined;
  return refuse({ code: 'stateful_effect_not_found', message: `the run has no effect "${target_effect_id}"`, details: { runID: run.run_id, target_effect_id } });
};

/** What a compensation cannot be any more, of what is asked. */
const isPast = ({ choice }: Chosen, compensation: RunCompensation, at_ms: number): 'executed' | 'cancelled' | undefined => {
  if (choice === 'compensate_pending_effects' && compensation.status === 'cancelled') return 'executed';
  return choice === 'abandon_with_audit' && (compensation.status === 'completed' || isClaimed(compensation, at_ms)) ? 'cancelled' : undefined;
};

const pastCompensation = (chosen: Chosen, run: Run, at_ms: number): RecoveryDecision | undefined => {
  for (const compensation of chosen.compensations) {
    const wanted = isPast(chosen, compensation, at_ms);
    if (wanted !== undefined) return notPending(run, compensation, wanted);
  }
  return undefined;
};

/** Why what is named is not recovered so: it is over, or nothing undoes it. */
const unavailable = (chosen: Chosen, run: Run, at_ms: number): RecoveryDecision | undefined => {
  const letter = settled(chosen);
  if (letter !== undefined) return refuse({ code: 'stateful_dead_letter_settled', message: 'a later attempt succeeded already', details: { runID: run.run_id, dead_letter_id: letter.dead_letter_id } });
  const [alone] = chosen.choice === 'compensate_pending_effects' && chosen.compensations.length === 0 ? chosen.letters : [];
  if (alone === undefined) return pastCompensation(chosen, run, at_ms);
  const { dead_letter_id, recovery_options } = alone;
  return refuse({ code: 'stateful_dead_letter_choice_unavailable', message: 'the definition does not say how to undo this', details: { runID: run.run_id, dead_letter_id, recovery_options } });
};

/** What undid already what a choice asks to have undone; it is not undone twice. */
export const undoneAlready = (command: ChooseRecovery, run: Run): RunCompensation | undefined => {
  const choice = recoveryChoiceOf(command.choice);
  if (choice !== 'compensate_pending_effects') return undefined;
  return compensationsFor(command, choice, { run, letters: lettersFor(command, choice, run) }).find(({ status }) => status === 'completed');
};

const choiceEvent = ({ command, choice, reason }: Chosen): RunEvent => {
  const { dead_letter_id, compensation_id, target_effect_id } = command;
  return {
    event_type: 'recovery_choice_recorded',
    data: {
      choice: choice ?? command.choice.trim().slice(0, 64), execution_mode: executionModeOf(choice), automatic_dispatch: isAutomatic(choice), reason,
      ...definedMembers({ dead_letter_id, compensation_id, target_effect_id, command: command.command }),
    },
  };
};

/** The first retry that is due drives the run at once, in the same commit; the others follow when it rests again. */
const firstDispatch = (run: Run, ids: readonly string[], context: RunContext): readonly RunEvent[] => {
  for (const id of ids) {
    const letter = recoveryOf(run).dead_letters[id];
    const event = letter && retryDispatch(run, letter, context);
    if (event !== undefined) return [event];
  }
  return [];
};

const textOf = ({ reason = '' }: ChooseRecovery, choice: RecoveryChoice | undefined): string => (reason.trim() === '' ? `${choice ?? 'review'} chosen by operator` : reason.trim());

/** Records a choice with everything that follows from it in one commit: two clicks are one, whatever dies between. */
export const chooseRecovery = (command: ChooseRecovery, run: Run, context: RunContext): RecoveryDecision => {
  if (command.choice.trim() === '') return refuse({ code: 'stateful_recovery_choice_required', message: 'say what is to be done', details: { runID: run.run_id } });
  const unknown = unknownTarget(command, run);
  if (unknown !== undefined) return unknown;
  const choice = recoveryChoiceOf(command.choice);
  const proposal = choice === 'compensate_pending_effects' ? proposed(command, run, context) : [];
  const start = after(run, proposal, context.at_ms);
  const letters = lettersFor(command, choice, start);
  const chosen: Chosen = { command, choice, letters, reason: textOf(command, choice), compensations: compensationsFor(command, choice, { run: start, letters }) };
  const no = unavailable(chosen, run, context.at_ms);
  if (no !== undefined) return no;
  const events = [choiceEvent(chosen), ...proposal, ...letters.flatMap((letter) => disposed(letter, chosen)), ...chosen.compensations.flatMap((compensation) => asked(compensation, chosen))];
  const retried = choice === 'retry_failed_effect' ? firstDispatch(after(run, events, context.at_ms), letters.map(({ dead_letter_id }) => dead_letter_id), context) : [];
  return accept(...events, ...retried);
};
