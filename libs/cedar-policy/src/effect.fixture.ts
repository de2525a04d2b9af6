import type { JudgedEffect } from '@cs/contracts';

/** An effect with what a test says of it. */
export const effect = (of: Partial<JudgedEffect> = {}): JudgedEffect => ({
  automation_id: 'refund-order', node_id: 'refund', action_kind: 'http', data_classes: [], requested_by: { kind: 'human', actor_id: 'ada' }, trigger_type: 'manual',
  numbers: {}, texts: {}, is_partial: false, has_secret_content: false, ...of,
});
