import { effectIdOf, fanOutOf, holdOfNode, policyApprovalOf, usableApproval } from '@cs/automation-domain';
import type { Action, AggregateRef, BindingDifference, FlowNode, JudgedEffect, PolicyJudgement } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { differenceBetween } from './approved-arguments.js';
import { judgedEffect, isJudged } from './judged-effect.js';
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
}

type ActionNode = FlowNode & { readonly action: Action };

const hasAction = (node: FlowNode): node is ActionNode => node.action !== undefined;

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
    if (this.#options.policy === undefined || !hasAction(node) || !isJudged(node)) return true;
    const key = this.#keyOf(node);
    const until = this.#clearedUntil.get(key);
    if (until !== undefined && this.#options.session.atMs < until) return true;
    return await this.#judge(node, key, this.#options.policy);
  }

  async #judge(node: ActionNode, key: string, policy: PolicyOfWorkspace): Promise<boolean> {
    const { session } = this.#options;
    const now = await this.#resolve(node);
    if (now === undefined) return false;
    const judged = judgedEffect(session.run, node, now.value);
    const judgement = await policy.judge(session.ref, judged);
    const difference = this.#differenceOf(node, now);
    const command = { type: 'judge_effect', node_id: node.node_id, judgement, judged, arguments_digest: now.digest, ...(difference === undefined ? {} : { difference }) } as const;
    if (!session.apply(command) || judgement.outcome === 'deny' || holdOfNode(session.run, node.node_id) !== undefined) return false;
    this.#clearedUntil.set(key, judgement.outcome === 'allow' ? Infinity : this.#approvedUntil(node, command));
    return true;
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

  #approvedUntil({ node_id }: FlowNode, { judgement: { elevated }, arguments_digest }: { readonly judgement: PolicyJudgement; readonly arguments_digest: string }): number {
    const { session, definition } = this.#options;
    return usableApproval(session.run, definition, { node_id, elevated, effect_id: effectIdOf(session.run, node_id), arguments_digest, at_ms: session.atMs })?.expires_at_ms ?? 0;
  }

  #keyOf({ node_id }: FlowNode): string {
    const { run } = this.#options.session;
    const attempts = run.checkpoint.node_attempts[node_id] ?? 0;
    const attempt = fanOutOf(run, node_id) === undefined ? attempts + 1 : Math.max(attempts, 1);
    return `${node_id}:${run.checkpoint.node_generations[node_id] ?? 0}:${attempt}`;
  }
}
