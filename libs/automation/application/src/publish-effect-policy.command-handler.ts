import { decideEffectPolicy, isHumanAdministrator, type EffectPolicyState } from '@cs/automation-domain';
import type { ActiveEffectPolicy, CallContext, EffectPolicyInput, EffectPolicyVersion } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import { accepted, canonicalJson, refused, type Result } from '@cs/kernel';
import { effectPolicyRef } from './active-policy.js';
import type { EffectJudge, EffectPolicy } from './effect-judge.port.js';
import { effectPolicyAggregate } from './effect-policy.aggregate.js';
import { audited, type DenialOptions } from './governance/audited-denial.js';

export interface EffectPolicyOptions {
  readonly eventing: Eventing;
  readonly judge: EffectJudge;
}

export interface PolicyPublication extends EffectPolicyInput {
  readonly note?: string | undefined;
  /** Number of the version that was read, 0 for the shipped one; absent: whichever is active. */
  readonly replaces?: number | undefined;
  readonly command_id?: string | undefined;
}

export interface PublishedPolicy {
  readonly policy: EffectPolicyVersion;
  readonly position: number;
}

/** Refuses a policy that cannot be used, with the place of each fault. */
export const usablePolicy = (judge: EffectJudge, policy: EffectPolicy): Result<EffectPolicy> => {
  const found = judge.check(policy);
  if (found.length === 0) return accepted(policy);
  const problems = found.map(({ line, column, message }) => ({ path: 'policies', code: 'policy_invalid', message: `line ${line}, column ${column}: ${message}`, line, column }));
  return refused('EFFECT_POLICY_INVALID', problems.map(({ message }) => message).join('; '), { problems });
};

const shownVersion = ({ recent_commands: _commands, ...version }: NonNullable<EffectPolicyState>): EffectPolicyVersion => version;

const publish = async ({ eventing, judge }: EffectPolicyOptions, context: CallContext, publication: PolicyPublication): Promise<Result<PublishedPolicy>> => {
  const { policies, denied_risk_tiers, denied_data_classes, note, replaces, command_id } = publication;
  const { actor, tenant } = context;
  if (!isHumanAdministrator(context)) return refused('EFFECT_POLICY_REQUIRES_HUMAN_ADMIN', 'only a person who administers the workspace may publish its policy');
  const policy = { policies, denied_risk_tiers, denied_data_classes };
  const usable = usablePolicy(judge, policy);
  if (!usable.ok) return usable;
  const digest = `sha256:${eventing.digest(canonicalJson(policy))}`;
  const result = await executeCommand(effectPolicyRef(tenant), {
    eventing, aggregate: effectPolicyAggregate, context: { actor, causation_id: context.correlation_id },
    decide: (state) => decideEffectPolicy({ policy, digest, note, replaces, published_by: actor, tenant_context: tenant, command_id }, state),
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the policy is being changed by others');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  const { state, position } = result.loaded;
  return state === undefined ? refused('CONCURRENT_CHANGE', 'the policy is being changed by others') : accepted({ policy: shownVersion(state), position });
};

/**
 * Makes a policy the active one of the caller's workspace: it judges whatever starts from then on. Whoever may not is
 * refused, and that is in the protected audit.
 */
export const publishEffectPolicy = async (options: EffectPolicyOptions & DenialOptions, context: CallContext, publication: PolicyPublication): Promise<Result<PublishedPolicy>> =>
  audited(options, context, {
    attempt: { action: 'publish_effect_policy', resource_kind: 'workspace', resource_id: context.tenant.workspace_id }, result: await publish(options, context, publication),
  });

/** The policy by which effects of the caller's workspace are judged now. */
export const activeEffectPolicy = async ({ eventing, judge }: EffectPolicyOptions, { tenant }: CallContext): Promise<Result<ActiveEffectPolicy>> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: effectPolicyAggregate }, effectPolicyRef(tenant));
  const { policies, denied_risk_tiers, denied_data_classes, policy_version } = state ?? judge.builtin;
  return accepted({ source: state === undefined ? 'builtin' : 'published', number: state?.number ?? 0, policy_version, policies, denied_risk_tiers, denied_data_classes });
};
