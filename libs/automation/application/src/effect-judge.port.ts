import type { JudgedEffect, PolicyJudgement } from '@cs/contracts';

/** A policy as it is published: texts and settings, as data. */
export interface EffectPolicy {
  /** Policies in the Cedar language. */
  readonly policies: string;
  /** Risk tiers and data classes whose effects the shipped policies forbid outright. */
  readonly denied_risk_tiers: readonly string[];
  readonly denied_data_classes: readonly string[];
}

/** A policy that effects are judged by, and its name in what is recorded. */
export interface PolicyVersion extends EffectPolicy {
  readonly policy_version: string;
}

/** Something that is wrong in a policy, with its place in the text, both from 1. */
export interface PolicyProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Judges effects by policies. Pure: the same policy and effect give the same judgement. */
export interface EffectJudge {
  /** The policy that holds where none was published. */
  readonly builtin: PolicyVersion;
  /** What is wrong in a policy; it can be used when nothing is. */
  check(policy: EffectPolicy): readonly PolicyProblem[];
  /** Where no policy applies, or one cannot be evaluated, an elevated approval is asked for. Throws for a policy that `check` finds fault with. */
  judge(policy: PolicyVersion, effect: JudgedEffect): PolicyJudgement;
}
