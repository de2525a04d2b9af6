import type { BindingDifference, JudgedEffect, PolicyJudgement } from '@cs/contracts';

/**
 * Says what the policy thinks of the effect of a node that is about to start, or of a list that is about
 * to go on. Whether an approval covers it is decided here, on the run as it is.
 */
export interface JudgeEffect {
  readonly type: 'judge_effect';
  readonly node_id: string;
  readonly judgement: PolicyJudgement;
  readonly judged: JudgedEffect;
  /** SHA-256 of the arguments that would go out: an approval holds for exactly these. */
  readonly arguments_digest: string;
  /** The automation may not do more without asking, though the policy would let it. */
  readonly exceeded_budget?: { readonly reason_code: string; readonly reason: string } | undefined;
  /** What differs from the arguments of an earlier approval. */
  readonly difference?: BindingDifference;
}
