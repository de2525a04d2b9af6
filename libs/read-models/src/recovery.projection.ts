import { isRetryWanted, receiptEffectIdOf } from '@cs/automation-domain';
import { logSubject, type Run, type RunCompensation, type RunDeadLetter } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { definedMembers, type Json, type JsonObject } from '@cs/kernel';
import { ledgerIds } from './effect-ledger.projection.js';
import type { CompensationRow } from './ledger-rows.js';
import { orNull } from './or-null.js';
import type { DeadLetterRow } from './row-changes.js';
import type { RunTransition } from './run-transition.js';
import { tenantKey } from './tenant-key.js';

interface Changed<Item> {
  readonly item: Item;
  /** A later success made it moot before anybody touched it. */
  readonly isCleared: boolean;
}

type Records<Item> = Readonly<Record<string, Item>> | undefined;

/** What is not the same object as before: folding keeps what it does not change. */
const changedBetween = <Item>(before: Records<Item>, after: Records<Item>): readonly Changed<Item>[] => {
  if (before === after) return [];
  const changed = Object.entries(after ?? {}).filter(([id, item]) => before?.[id] !== item).map(([, item]) => ({ item, isCleared: false }));
  const gone = Object.entries(before ?? {}).filter(([id]) => after?.[id] === undefined).map(([, item]) => ({ item, isCleared: true }));
  return [...changed, ...gone];
};

const asJson = (value: object): JsonObject => value as unknown as JsonObject;

const present = (members: Readonly<Record<string, Json | undefined>>): JsonObject | null => {
  const there = definedMembers(members);
  return Object.keys(there).length === 0 ? null : asJson(there);
};

/** What made it moot: the effect as the run calls it, and its record in the outbox. */
const supersededBy = ({ superseded }: Pick<RunDeadLetter, 'superseded'>, digest: Digest): Readonly<Record<string, Json | undefined>> =>
  superseded === undefined
    ? {}
    : { superseded_by_success: true, superseded_by_effect_id: superseded.effect_id, superseded_by_outbox_id: ledgerIds(digest, superseded.effect_id).outbox_id, superseded_at_ms: superseded.at_ms };

const metadataOfLetter = (letter: RunDeadLetter, digest: Digest): JsonObject | null => {
  const { item, effect_id, outcome, dispatches, last_dispatched_at_ms, next_dispatch_at_ms } = letter;
  return present({ item, effect_id, outcome, retry_dispatch_count: dispatches === 0 ? undefined : dispatches, last_dispatched_at_ms, next_dispatch_at_ms, ...supersededBy(letter, digest) });
};

/** A letter that waits for its dispatch is due at once, or after its back-off. */
const dueOf = (letter: RunDeadLetter): number | null => (isRetryWanted(letter) && letter.superseded === undefined ? (letter.next_dispatch_at_ms ?? letter.updated_at_ms) : null);

const letterRow = ({ item: letter, isCleared }: Changed<RunDeadLetter>, run: Run, { stored, digest }: Pick<RunTransition, 'stored'> & { readonly digest: Digest }): DeadLetterRow => ({
  ...tenantKey(run.tenant_context), dead_letter_id: letter.dead_letter_id, source_type: letter.source_type, source_id: letter.effect_id ?? letter.node_id, consumer: 'runner',
  subject: logSubject(stored.ref, stored.status), stream_sequence: stored.position, deliveries: letter.attempts, reason: letter.reason, status: isCleared ? 'cleared' : letter.status,
  opened_at_ms: letter.opened_at_ms, position: stored.position, run_id: run.run_id, node_id: letter.node_id, recovery_options: letter.recovery_options, compensation_id: orNull(letter.compensation_id),
  attempts: letter.attempts, disposition: orNull(letter.disposition), updated_at_ms: isCleared ? run.updated_at_ms : letter.updated_at_ms, due_at_ms: isCleared ? null : dueOf(letter),
  superseded_at_ms: orNull(letter.superseded?.at_ms), metadata: metadataOfLetter(letter, digest),
});

/** The dead letters of a run that a commit changed. */
export const projectLetters = ({ before, after, stored }: RunTransition, digest: Digest): readonly DeadLetterRow[] => {
  if (after === undefined) return [];
  return changedBetween(before?.checkpoint.recovery?.dead_letters, after.checkpoint.recovery?.dead_letters).map((changed) => letterRow(changed, after, { stored, digest }));
};

const metadataOfCompensation = (compensation: RunCompensation, digest: Digest): JsonObject | null => {
  const { item, effect_id, outcome, dead_letter_id, requested_by, approved_by, reason, claim, failure } = compensation;
  return present({
    item, action_id: effect_id, outcome, dead_letter_id, reason, requested_by: requested_by && asJson(requested_by), approved_by: approved_by && asJson(approved_by), claim: claim && asJson(claim), failure: failure && asJson(failure),
    ...supersededBy(compensation, digest),
  });
};

/** An approved one with a request is executed at once; one whose executor is gone, when its lease is over. */
const executionDue = ({ action, status, updated_at_ms, claim }: RunCompensation): number | null => {
  if (action === undefined) return null;
  if (status === 'approved') return updated_at_ms;
  return status === 'running' ? (claim?.claim_expires_at_ms ?? updated_at_ms) : null;
};

/** The effect that it has itself, as far as it was sent or done. */
const receiptIds = (compensation: RunCompensation, digest: Digest): Pick<CompensationRow, 'outbox_id' | 'receipt_effect_id'> => {
  const { outbox_id, effect_id } = ledgerIds(digest, receiptEffectIdOf(compensation));
  const isDone = compensation.receipt_effect_id !== undefined;
  return { outbox_id: compensation.attempts > 0 || isDone ? outbox_id : null, receipt_effect_id: isDone ? effect_id : null };
};

const compensationRow = ({ item: compensation, isCleared }: Changed<RunCompensation>, run: Run, digest: Digest): CompensationRow => {
  const { compensation_id, node_id, status, compensation_type, effect_id, approval_required, attempts } = compensation;
  return {
    ...tenantKey(run.tenant_context), compensation_id, run_id: run.run_id, node_id, status: isCleared ? 'cleared' : status, compensation_type, target_effect_id: ledgerIds(digest, effect_id).effect_id,
    approval_required: Number(approval_required), rollback_instruction: orNull(compensation.rollback_instruction), forward_fix_instruction: orNull(compensation.forward_fix_instruction),
    action: orNull(compensation.action && asJson(compensation.action)), ...receiptIds(compensation, digest), attempts, due_at_ms: isCleared ? null : executionDue(compensation),
    superseded_at_ms: orNull(compensation.superseded?.at_ms), metadata: metadataOfCompensation(compensation, digest), created_at_ms: compensation.proposed_at_ms, updated_at_ms: isCleared ? run.updated_at_ms : compensation.updated_at_ms,
  };
};

/** The compensations of a run that a commit changed. */
export const projectCompensations = ({ before, after }: RunTransition, digest: Digest): readonly CompensationRow[] =>
  after === undefined ? [] : changedBetween(before?.checkpoint.recovery?.compensations, after.checkpoint.recovery?.compensations).map((changed) => compensationRow(changed, after, digest));
