import { createHash } from 'node:crypto';
import type { EffectJudge, EffectPolicy, PolicyProblem, PolicyVersion } from '@cs/automation-application';
import type { JudgedEffect, PolicyJudgement } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import { statefulIsAuthorized, type Diagnostics } from '@cedar-policy/cedar-wasm/nodejs';
import { checkPolicies } from './check-policy.js';
import { effectRequest } from './effect-request.js';
import { shippedPolicies } from './policy-files.js';
import { scopes, type PolicyStatement } from './policy-statements.js';
import { PolicyPreparation, schemaName, type PreparedPolicies } from './prepared-policies.js';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** The most specific scope first, then the order that the policies have among themselves. */
const byPrecedence = (a: PolicyStatement, b: PolicyStatement): number => scopes.indexOf(a.scope) - scopes.indexOf(b.scope) || a.order - b.order || (a.id < b.id ? -1 : 1);

/** Nothing says what is to happen: an elevated reviewer decides. */
const unresolved = (policy_version: string, reason: string): PolicyJudgement => ({
  outcome: 'approval_required', reason_code: 'unresolved_policy_fail_closed', reason, elevated: true, policy_version, policy_ids: [],
});

/**
 * Judges effects with Cedar. Cedar finds the policies that apply; a forbid among them denies, and otherwise
 * the first by scope and order says, by its annotations, what is to happen.
 */
export class CedarEffectJudge implements EffectJudge {
  readonly builtin: PolicyVersion = { policies: shippedPolicies, denied_risk_tiers: [], denied_data_classes: [], policy_version: `builtin:${digestOf(shippedPolicies)}` };
  readonly #preparation = new PolicyPreparation();

  check({ policies }: EffectPolicy): readonly PolicyProblem[] {
    return checkPolicies(policies);
  }

  judge(policy: PolicyVersion, effect: JudgedEffect): PolicyJudgement {
    const prepared = this.#preparation.prepare(policy.policies);
    const { decision, diagnostics } = this.#ask(prepared, policy, effect);
    // A forbid that applies holds even if another policy cannot be evaluated; anything less does not.
    const failed = decision === 'deny' && diagnostics.reason.length > 0 ? undefined : diagnostics.errors[0];
    if (failed !== undefined) return unresolved(policy.policy_version, `policy "${failed.policyId}" cannot be evaluated for this step`);
    const applied = diagnostics.reason.map((id) => prepared.statements.get(id)).filter((statement) => statement !== undefined).sort(byPrecedence);
    return this.#conclude(policy, applied);
  }

  #conclude({ policy_version }: PolicyVersion, applied: readonly PolicyStatement[]): PolicyJudgement {
    const [first] = applied;
    if (first === undefined) return unresolved(policy_version, 'no policy applies to this step');
    const { outcome, reason_code, reason, elevated, approver_role } = first;
    return {
      outcome, reason_code, reason, elevated: outcome === 'approval_required' && elevated, policy_version, policy_ids: applied.map(({ id }) => id),
      ...definedMembers({ approver_role: outcome === 'approval_required' ? approver_role : undefined }),
    };
  }

  #ask({ name }: PreparedPolicies, policy: PolicyVersion, effect: JudgedEffect): { readonly decision: 'allow' | 'deny'; readonly diagnostics: Diagnostics } {
    const answer = statefulIsAuthorized({ ...effectRequest(policy, effect), preparsedSchemaName: schemaName, validateRequest: true, preparsedPolicySetId: name });
    if (answer.type === 'success') return answer.response;
    throw new Error(`The policy engine refuses an effect of node "${effect.node_id}": ${answer.errors.map(({ message }) => message).join('; ')}`);
  }
}
