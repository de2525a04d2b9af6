/** What the audit keeps of recovery: which letter or compensation, what was decided, by whom and why; not what was answered. */
const keptOfCompensation = { compensationID: 'compensation_id', attempt: 'attempt' } as const;

export const recoveryFacts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  effect_dead_lettered: { deadLetterID: 'dead_letter_id', nodeID: 'node_id', item: 'item', effect_id: 'effect_id', outcome: 'outcome', attempts: 'attempts', reason: 'reason' },
  recovery_choice_recorded: {
    choice: 'choice', execution_mode: 'execution_mode', automatic_dispatch: 'automatic_dispatch', reason: 'reason', deadLetterID: 'dead_letter_id', compensationID: 'compensation_id', target_effect_id: 'target_effect_id',
  },
  dead_letter_disposition_recorded: { deadLetterID: 'dead_letter_id', status: 'status', disposition: 'disposition', reason: 'reason', by: 'by', compensationID: 'compensation_id' },
  stateful_dead_letter_retry_requeued: { deadLetterID: 'dead_letter_id', nodeID: 'node_id', dispatch: 'dispatch', kept_nodes: 'kept_nodes', reset_nodes: 'reset_nodes', unknown_effects: 'unknown_effects' },
  compensation_proposed: {
    compensationID: 'compensation_id', nodeID: 'node_id', item: 'item', effect_id: 'effect_id', outcome: 'outcome', deadLetterID: 'dead_letter_id', compensation_type: 'compensation_type', approval_required: 'approval_required',
  },
  compensation_moved: { compensationID: 'compensation_id', from: 'from', to: 'to', reason: 'reason', by: 'by' },
  compensation_started: { ...keptOfCompensation, effect: 'effect', claimedBy: 'claimed_by' },
  compensation_completed: { ...keptOfCompensation, receipt_effect_id: 'receipt_effect_id', reason: 'reason', by: 'by' },
  compensation_failed: { ...keptOfCompensation, effect_id: 'effect_id', outcome: 'outcome', failure: 'failure' },
};

const keptOfLetter = { letter: 'letter', reason: 'reason' } as const;

/** Of a letter that is decided by itself; its subject and its reason are in it. */
export const letterFacts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  dead_letter_retry_requested: { ...keptOfLetter, by: 'by' },
  dead_letter_closed: { ...keptOfLetter, by: 'by' },
  dead_letter_redelivered: { ...keptOfLetter, retries: 'retries' },
  dead_letter_retry_failed: { ...keptOfLetter, retries: 'retries' },
};
