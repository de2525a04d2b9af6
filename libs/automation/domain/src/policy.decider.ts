import { accept, definedMembers, type Decision } from '@cs/kernel';
import type { PolicyDecision, PolicyHold, PolicyJudgement, PolicyOutcome, Run, RunEvent } from '@cs/contracts';
import { fanOutOf } from './fan-out.js';
import { effectIdOf as effectIdOfWork } from './node-generation.js';
import { notReady, startableNode } from './node.decider.js';
import { approvalValidityMs, holdOfNode, usableApproval } from './policy-approval.js';
import type { JudgeEffect } from './policy.commands.js';
import type { ExecutionRefusal, RunContext } from './run.commands.js';

/** Failure of a node whose effect a policy forbids. */
export const deniedFailure = 'policy_denied';

/** The effect of a whole node: of one with a list, all that is done for its items. */
export const effectIdOf = (run: Run, node_id: string): string => effectIdOfWork(run, { node_id });

const attemptOf = (run: Run, node_id: string): number => {
  const attempts = run.checkpoint.node_attempts[node_id] ?? 0;
  return fanOutOf(run, node_id) === undefined ? attempts + 1 : Math.max(attempts, 1);
};

/** Whoever is asked when an automation has used up what it may do without asking. */
const budgetApprover = 'operator';

/** What the effect needs: what the policy says, and an approval where the automation may do no more without one. */
export const neededFor = ({ judgement, exceeded_budget }: Pick<JudgeEffect, 'judgement' | 'exceeded_budget'>): PolicyJudgement =>
  exceeded_budget === undefined || judgement.outcome !== 'allow' ? judgement : { ...judgement, ...exceeded_budget, outcome: 'approval_required', elevated: false, approver_role: budgetApprover };

const decisionOf = (command: JudgeEffect, run: Run, held: { readonly decision: PolicyOutcome; readonly reason_code?: string; readonly reason?: string }): PolicyDecision => {
  const { node_id, judgement, judged, arguments_digest } = command;
  const needed = neededFor(command);
  return {
    // Decided again on a run that others wrote to, it is another decision only if it has another number.
    decision_id: `policy_decision:${run.run_id}:${(run.checkpoint.policy_decisions ?? 0) + 1}`,
    node_id, attempt: attemptOf(run, node_id), effect_id: effectIdOf(run, node_id),
    decision: held.decision, reason_code: held.reason_code ?? needed.reason_code, reason: held.reason ?? needed.reason,
    judgement, arguments_digest, judged,
  };
};

const holdFor = (command: JudgeEffect, { decision_id }: PolicyDecision): PolicyHold => {
  const { reason_code, reason, elevated, policy_version, approver_role } = neededFor(command);
  return { decision_id, reason_code, reason, elevated, policy_version, valid_for_ms: approvalValidityMs({ elevated }), ...definedMembers({ approver_role, difference: command.difference }) };
};

const approvalNeeded = (command: JudgeEffect, run: Run, { definition, at_ms }: RunContext): RunEvent => {
  const { node_id, arguments_digest } = command;
  const { elevated, approver_role, reason } = neededFor(command);
  const approval = usableApproval(run, definition, { node_id, elevated, approver_role, effect_id: effectIdOf(run, node_id), arguments_digest, at_ms });
  if (approval === undefined) {
    const decision = decisionOf(command, run, { decision: 'approval_required' });
    return { event_type: 'policy_approval_required', data: { ...decision, hold: holdFor(command, decision) } };
  }
  const { approval_id } = approval;
  return { event_type: 'policy_approval_used', data: { ...decisionOf(command, run, { decision: 'allow', reason_code: 'approved', reason: `approved: ${reason}` }), approval_id } };
};

const consequences = (command: JudgeEffect, run: Run, context: RunContext): readonly RunEvent[] => {
  const { node_id, judgement } = command;
  switch (neededFor(command).outcome) {
    case 'allow':
      return [{ event_type: 'policy_effect_allowed', data: decisionOf(command, run, { decision: 'allow' }) }];
    case 'approval_required':
      return [approvalNeeded(command, run, context)];
    case 'deny':
      return [
        { event_type: 'policy_effect_denied', data: decisionOf(command, run, { decision: 'deny' }) },
        { event_type: 'node_failed', data: { node_id, attempt: attemptOf(run, node_id), failure: { kind: deniedFailure, message: `${judgement.reason_code}: ${judgement.reason}` }, retry_decision: 'not_retryable' } },
      ];
  }
};

const isAboutToStart = (run: Run, context: RunContext, node_id: string): boolean =>
  startableNode(run, context, node_id) !== undefined || (run.status === 'running' && fanOutOf(run, node_id) !== undefined && holdOfNode(run, node_id) === undefined);

/** Records what the policy decides before a node starts, and what follows from it. */
export const judgeEffect = (command: JudgeEffect, run: Run, context: RunContext): Decision<RunEvent, ExecutionRefusal> =>
  isAboutToStart(run, context, command.node_id) ? accept(...consequences(command, run, context)) : notReady(command);
