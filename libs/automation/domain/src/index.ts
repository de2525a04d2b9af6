export { isHumanAdministrator, isOwnerOrAdmin, isVisible, ownerKeysOf, principalOf, viewerKeysOf, viewersOf } from './access.js';
export { automationStatus, decideAutomation, evolveAutomation, holdsRuns, isHeldByGovernance, liveAutomation, startsRuns, type AutomationState, type LiveAutomation, type StoreAutomation } from './automation.decider.js';
export { isApproved, launchHold, launchHoldOf, ungoverned, type AutomationGovernance, type LaunchHold } from './governance/automation-governance.js';
export type { CareForAutomation, HealthLimits } from './governance/automation-health.decider.js';
export { mutationProblem, type Mutation, type MutationCode } from './governance/mutation-check.js';
export { governAutomation, type GovernAutomation, type GovernContext, type GovernRefusal } from './governance/govern-automation.decider.js';
export { currentWeek, decideGovernedAgent, type AgentContext, type AgentPermissions, type AgentUsage, type CreationCode, type GovernedAgentCommand } from './governance/governed-agent.decider.js';
export { agentHold, evolveGovernedAgent, governedAgentStatus, type AgentFacts, type GovernedAgentState } from './governance/governed-agent.state.js';
export {
  approvalStatus, decideGovernanceApproval, evolveGovernanceApproval, type ApprovalCode, type ApprovalContext, type GovernanceApproval, type GovernanceApprovalCommand, type GovernanceApprovalState,
} from './governance/governance-approval.decider.js';
export { decideLimits, evolveLimits, limitsStatus, type GovernanceLimitsState } from './governance/governance-limits.decider.js';
export { findVersion, maxVersions } from './automation-versions.js';
export { normaliseDefinition } from './definition-rules.js';
export { definitionVersion } from './definition-version.js';
export { definitionProblems } from './definition-problems.js';
export { ancestors, descendants, flowGraph, isApprovalNode, type FlowGraph } from './flow-graph.js';
export { bindingsOf, releasedBy, type Binding } from './gate-binding.js';
export { escalationChain, gateDueAtMs, isExpired, sevenDays, type ExpiryDefault } from './gate-expiry.js';
export { isVoting } from './gate-voting.js';
export { lastDecidedGate, recoveredGate } from './pending-gate.js';
export { gateDecisions, readDecision } from './gate-decisions.js';
export { coerceAnswer, type Coerced } from './answer-coercion.js';
export type { AnswerQuestion, HumanRequestRefusal, RequestToOpen, RespondEscalation } from './human-request.commands.js';
export { openRequest, type OpenHumanRequest } from './human-request.decider.js';
export { reviewMetadata } from './pending-gate.js';
export { instantMs } from './instant.js';
export { evolveRun, type RecordedRunEvent } from './run-evolution.js';
export { toRunRecord } from './run-record.js';
export { usageOf } from './run-accounting.js';
export { holdOf, isFinished, isHeld, isParked, statefulStatus, waitingReason, type RunState } from './run.state.js';
export { decideRetry, backoffMs, type RetryDecision } from './retry-policy.js';
export { decideEffectPolicy, evolveEffectPolicy, type EffectPolicyRefusal, type EffectPolicyState, type PublishPolicy } from './effect-policy.decider.js';
export { evolveAutonomyBudget, spendAutonomy, unspentBudget, type AutonomyBudgetState, type AutonomyRefusal, type ExceededBudget, type SpendAutonomy } from './autonomy-budget.decider.js';
export { deniedFailure, effectIdOf, neededFor } from './policy.decider.js';
export { approvalValidityMs, holdOfNode, policyApprovalOf, usableApproval } from './policy-approval.js';
export type { JudgeEffect } from './policy.commands.js';
export { planRun, type RunPlan } from './run-plan.js';
export { decideResource, isRateClosed, maxWaiters, whyHeld, type ResourceCommand, type ResourceContext } from './resource.decider.js';
export { evolveResource, freeResource, type ResourceLimits, type ResourceState } from './resource.state.js';
export type { HoldLaunch, ReleaseLaunch } from './admission.commands.js';
export type { ClaimRun, DecideGate, ExecutionCommand, ExecutionRefusal, FinishNode, NodeResult, RequestRun, RunCommand, RunContext } from './run.commands.js';
export { unfitFailure } from './node.decider.js';
export type { WatchCommand } from './supervision.commands.js';
export { decideRun, type RunRefusal } from './run.decider.js';
export type { DeliverWebhook, OpenWaits, ResolveWait, WaitRefusal, WaitToOpen, WebhookDelivery } from './wait.commands.js';
export { byDueTime, dueAtMs } from './wait-due.js';
export { approvalKey, externalKey, phaseGuardKey, webhookKey } from './wait-keys.js';
export { maxWaitOutputBytes } from './wait-output.js';
export { matchesDelivery } from './webhook-match.js';
export type { GateRefusal } from './gate.decider.js';
export { reopenItem } from './fan-out-evolution.js';
export { fanOutOf, type FanOutPlan } from './fan-out.js';
export { itemOf, workKey, workName, workOfKey, type WorkRef } from './work-key.js';
export { decideHandoff, evolveHandoff, toHandoffRecord, type HandoffCommand, type HandoffRefusal, type HandoffState } from './handoff.decider.js';
export { decideSchedule, evolveSchedule, onTimeMs, type ArmSchedule, type DueFires, type FireSchedule, type ScheduleCommand } from './schedule.decider.js';
export type { ArmedSchedule, DisarmedSchedule, ScheduleState } from './schedule.state.js';
export { decideWatch, evolveWatch, fitsWatch, type TriggerWatch, type WatchState } from './watch.decider.js';
export {
  decideWebhookDelivery, evolveWebhookDelivery, isFree, isSameTarget, maxRecordedRepetitions, webhookDeliveryToken,
  type RoutedDelivery, type WebhookDeliveryCommand, type WebhookDeliveryRefusal, type WebhookDeliveryState,
} from './webhooks/webhook-delivery.decider.js';
export { defaultScheme, providerEvent } from './webhooks/webhook-event.js';
export { defaultSecretHeader, signatureFault, type Hmac } from './webhooks/webhook-signature.js';
export {
  admitsToken, decideWebhookTrigger, evolveWebhookTrigger, validSecrets, type TriggerContext, type WebhookTriggerChange, type WebhookTriggerCommand, type WebhookTriggerState,
} from './webhooks/webhook-trigger.decider.js';
export type { OperatorRefusal } from './operator.decider.js';
export type { OperatorCommandOfRun, RepairRun, TargetDefinition } from './operator.commands.js';
export { planReset, type ResetPlan } from './reset-plan.js';
export { editStep, type EditedStep, type StepEdit } from './step-edit.js';
export type { ChooseRecovery, DecideCompensation, DispatchRetry, FinishCompensation, RecoveryCommand, StartCompensation } from './recovery.commands.js';
export { executionModeOf, isAutomatic, recoveryChoiceOf, type ExecutionMode, type RecoveryChoice } from './recovery-choices.js';
export type { RecoveryRefusal } from './recovery.decider.js';
export { dispatchBackoffMs, isRetryWanted, maxDispatches } from './retry-dispatch.js';
export { isSettledLetter, recoveryOf } from './run-recovery.js';
export { isExecutable, receiptEffectIdOf, receiptEffectOf } from './compensation.decider.js';
export { effectIdOf as effectIdOfWork } from './node-generation.js';
