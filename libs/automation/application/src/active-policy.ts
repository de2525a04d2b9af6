import type { AggregateRef, JudgedEffect, PolicyJudgement } from '@cs/contracts';
import { loadAggregate, type EventStore } from '@cs/eventing';
import { effectPolicyAggregate } from './effect-policy.aggregate.js';
import type { EffectJudge, PolicyVersion } from './effect-judge.port.js';

type Workspace = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

/** One policy for each workspace. */
export const effectPolicyRef = ({ org_id, workspace_id }: Workspace): AggregateRef => ({ org_id, workspace_id, aggregate: 'effect_policy', id: 'effect-policy' });

/** Whoever defines a policy cannot let this through: what leaves the process with a credential in it is stopped. */
const secretContent = (policy_version: string): PolicyJudgement => ({
  outcome: 'deny', reason_code: 'secret_content_blocked', reason: 'what would go out holds something that looks like a credential', elevated: false, policy_version, policy_ids: [],
});

/** What a policy says of an effect, whatever is in it. */
export const judgeBy = (judge: EffectJudge, policy: PolicyVersion, effect: JudgedEffect): PolicyJudgement =>
  effect.has_secret_content ? secretContent(policy.policy_version) : judge.judge(policy, effect);

/** Judges effects by the policy that is active in their workspace at that moment. */
export class ActivePolicy {
  readonly #judge: EffectJudge;
  readonly #store: EventStore;

  constructor(judge: EffectJudge, store: EventStore) {
    this.#judge = judge;
    this.#store = store;
  }

  async judge(workspace: Workspace, effect: JudgedEffect): Promise<PolicyJudgement> {
    return judgeBy(this.#judge, await this.#active(workspace), effect);
  }

  async #active(workspace: Workspace): Promise<PolicyVersion> {
    const { state } = await loadAggregate({ store: this.#store, aggregate: effectPolicyAggregate }, effectPolicyRef(workspace));
    return state ?? this.#judge.builtin;
  }
}
