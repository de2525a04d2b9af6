import { effectIdOf, fanOutOf, holdOfNode, neededFor, policyApprovalOf, usableApproval, type JudgeEffect } from '@cs/automation-domain';
import { unjudgedVersion, type Action, type AggregateRef, type AutonomyLimits, type BindingDifference, type FlowNode, type JudgedEffect, type PolicyJudgement } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { definedMembers, isJsonObject } from '@cs/kernel';
import { differenceBetween } from './approved-arguments.js';
import type { AutonomyBudgets } from './autonomy-budgets.js';
import { hasEffect, isJudged, judgedEffect } from './judged-effect.js';
import type { NodeContext } from './node-context.js';
import { argumentsOf, type ResolvedArguments } from './shown-arguments.js';
import { failedBy } from './node-failure.js';

/** Judges an effect by the policy of its workspace. */
export interface PolicyOfWorkspace {
  judge(workspace: Pick<AggregateRef, 'org_id' | 'workspace_id'>, effect: JudgedEffect): Promise<PolicyJudgement>;
}

export interface EffectClearanceOptions extends NodeContext {
  readonly digest: Digest;
  /** Absent: nothing is judged. */
  readonly policy?: PolicyOfWorkspace | undefined;
  /** Counts what goes out unasked, where the definition limits it. */
  readonly budgets: AutonomyBudgets;
}

type ActionNode = FlowNode & { readonly action: Action };

const hasAction = (node: FlowNode): node is ActionNode => node.action !== undefined;

/** Of an effect that says nothing of its risk: the policy has no say in it, the automation's budget may have. */
const unjudged: PolicyJudgement = { outcome: 'allow', reason_code: 'not_judged', reason: 'the step names neither risk nor data', elevated: false, policy_version: unjudgedVersion, policy_ids: [] };

/** A list is so many effects. */
const effectsOf = ({ for_each }: FlowNode, { value }: ResolvedArguments): number =>
  for_each !== undefined && isJsonObject(value) && Array.isArray(value['items']) ? value['items'].length : 1;

/** Asks the policy before nodes start: once for each attempt, and again for a list whose approval has run out. */
export class EffectClearance {
  readonly #options: EffectClearanceOptions;
  /** Until when what is cleared may start, by node, reset count and attempt. */
  readonly #clearedUntil = new Map<string, number>();

  constructor(options: EffectClearanceOptions) {
    this.#options = options;
  }

  /** False when the node does not start: it waits for an approval, or has failed. */
  async isCleared(node: FlowNode): Promise<boolean> {
    if (!hasAction(node) || !hasEffect(node) || !(this.#isJudged(node) || this.#limits !== undefined)) return true;
    const key = this.#keyOf(node);
    const until = this.#clearedUntil.get(key);
    if (until !== undefined && this.#options.session.atMs < until) return true;
    return await this.#judge(node, key);
  }

  get #limits(): AutonomyLimits | undefined {
    return this.#options.definition.execution?.autonomy;
  }

  #isJudged(node: FlowNode): boolean {
    return this.#options.policy !== undefined && isJudged(node);
  }

  async #judge(node: ActionNode, key: string): Promise<boolean> {
    const { session } = this.#options;
    const now = await this.#resolve(node);
    if (now === undefined) return false;
    const command = await this.#judgementOf(node, now);
    if (!session.apply(command) || command.judgement.outcome === 'deny' || holdOfNode(session.run, node.node_id) !== undefined) return false;
    this.#clearedUntil.set(key, this.#clearedFor(command));
    return true;
  }

  async #judgementOf(node: ActionNode, now: ResolvedArguments): Promise<JudgeEffect> {
    const { session, policy } = this.#options;
    const judged = judgedEffect(session.run, node, now.value);
    const judgement = policy !== undefined && isJudged(node) ? await policy.judge(session.ref, judged) : unjudged;
    const exceeded_budget = judgement.outcome === 'allow' ? await this.#spend(node, now) : undefined;
    return { type: 'judge_effect', node_id: node.node_id, judgement, judged, arguments_digest: now.digest, ...definedMembers({ exceeded_budget, difference: this.#differenceOf(node, now) }) };
  }

  /** Counts what would go out unasked, before it does: what is counted and does not go out leaves less for others, never more. */
  async #spend(node: ActionNode, now: ResolvedArguments): Promise<JudgeEffect['exceeded_budget']> {
    const { session, budgets } = this.#options;
    if (this.#limits === undefined) return undefined;
    const { automation_id, run_id, tenant_context } = session.run;
    const { node_id } = node;
    const refusal = await budgets.spend({ automation_id, run_id, tenant_context, node_id, effect_id: effectIdOf(session.run, node_id), effects: effectsOf(node, now), limits: this.#limits });
    return refusal && { reason_code: refusal.code, reason: refusal.message };
  }

  /** What cannot be known is not sent: the node fails as it would when it were executed. */
  async #resolve(node: ActionNode): Promise<ResolvedArguments | undefined> {
    const { session } = this.#options;
    try {
      return await argumentsOf(this.#options, node);
    } catch (error) {
      session.apply({ type: 'reject_node', node_id: node.node_id, failure: failedBy(error).failure });
      return undefined;
    }
  }

  #differenceOf({ node_id }: FlowNode, { digest, value }: ResolvedArguments): BindingDifference | undefined {
    const approval = policyApprovalOf(this.#options.session.run, node_id);
    return approval && differenceBetween(approval.release, { digest, arguments: value });
  }

  /** Without an approval as long as this claim, with one as long as that. */
  #clearedFor(command: JudgeEffect): number {
    const { session, definition } = this.#options;
    const { node_id, arguments_digest } = command;
    const { outcome, elevated, approver_role } = neededFor(command);
    if (outcome === 'allow') return Infinity;
    return usableApproval(session.run, definition, { node_id, elevated, approver_role, effect_id: effectIdOf(session.run, node_id), arguments_digest, at_ms: session.atMs })?.expires_at_ms ?? 0;
  }

  #keyOf({ node_id }: FlowNode): string {
    const { run } = this.#options.session;
    const attempts = run.checkpoint.node_attempts[node_id] ?? 0;
    const attempt = fanOutOf(run, node_id) === undefined ? attempts + 1 : Math.max(attempts, 1);
    return `${node_id}:${run.checkpoint.node_generations[node_id] ?? 0}:${attempt}`;
  }
}
