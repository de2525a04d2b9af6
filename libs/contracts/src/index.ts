export {
  accessPermissionSchema, dataClassSchema, principalRefSchema, resourceRefSchema, riskTierSchema, scopedGrantSchema, strictTenantContextSchema, verifiedTenantContextSchema,
  type AccessPermission, type DataClass, type PrincipalRef, type ResourceKind, type ResourceRef, type RiskTier, type ScopedGrant, type StrictTenantContext, type VerifiedTenantContext,
} from './authority.schema.js';
export { anchorSubject, auditAnchorSchema, type AuditAnchor } from './audit-anchor.schema.js';
export { auditKeyIdSchema, auditKeyRef } from './audit-key.schema.js';
export { callContextSchema, type CallContext } from './call-context.schema.js';
export { cloudEventHeaders, cloudEventTypePrefix, type PublishedEvent } from './cloud-event.schema.js';
export { commitSchema, embeddedStateSchema, recordedEventSchema, type Commit, type RecordedEvent } from './commit.schema.js';
export {
  actionSchema, automationActionSchema, escalationActionSchema, httpActionSchema, questionActionSchema, transformActionSchema, workerActionSchema,
  type Action, type AutomationAction, type EscalationAction, type HttpAction, type QuestionAction, type TransformAction, type WorkerAction,
} from './action.schema.js';
export {
  agentSchema, automationDefinitionSchema, autonomyLimitsSchema, automationVersionSchema, executionSchema, flowNodeSchema, forEachSchema, handoffConfigSchema, outputContractSchema, retryPolicySchema, watchConditionSchema,
  type Agent, type AutomationDefinition, type AutomationDefinitionInput, type AutomationVersion, type AutonomyLimits, type ExecutionPolicy, type FlowNode, type ForEach, type HandoffConfig, type OutputContract, type RetryPolicy, type WatchCondition,
} from './definition.schema.js';
export { respell } from './definition-spelling.js';
export {
  dryRunEffectPolicy, getEffectPolicy, getEffectPolicyVersion, listEffectPolicies, listPolicyDecisions, policyDecisionFilterSchema, publishEffectPolicy,
  type ActiveEffectPolicy, type PolicyChange, type PolicyDecisionRecord, type PolicyDryRun,
} from './rpc/effect-policy.rpc.js';
export { effectPolicySchema, effectPolicyVersionSchema, maxPolicyLength, type EffectPolicyInput, type EffectPolicyVersion } from './effect-policy.schema.js';
export { autonomyBudgetEvents, autonomyTransitionEvents, type AutonomyBudgetEvent, type AutonomyTransitionEvent } from './events/autonomy-budget.events.js';
export { effectPolicyEvents, type EffectPolicyEvent } from './events/effect-policy.events.js';
export { errorCatalogue, isErrorCode, type ErrorCode, type ErrorKind } from './error-catalogue.js';
export { auditAccessEvents, auditFilterSchema, auditKeyEvents, type AuditAccessEvent, type AuditFilter, type AuditKeyEvent } from './events/audit.events.js';
export { automationEvents, definitionEvents, type AutomationEvent, type DefinitionEvent } from './events/automation.events.js';
export { eventCatalogue, isAggregateName, type AggregateName } from './events/catalogue.js';
export { deadLetterEvents, letterFactsSchema, type DeadLetterEvent, type LetterFacts } from './events/dead-letter.events.js';
export {
  delegationIdSchema, delegationSchema, delegationScopeSchema, delegationStatus, delegationStatuses, onBehalfOfSchema, type Delegation, type DelegationRecord, type DelegationScope, type OnBehalfOf,
} from './delegation.schema.js';
export { delegationEvents, type DelegationEvent } from './events/delegation.events.js';
export { endDelegation, listDelegations, setDelegation } from './rpc/delegation.rpc.js';
export {
  channelConnectionSchema, channelIdSchema, channelKindSchema, channelRouteSchema, channelSchema, channelSecretsSchema, channelSettingsSchema, channelStatuses, channelTiers, channelTierSchema, channelUserSchema, postedMessageSchema, recipientSchema,
  type Channel, type ChannelConnection, type ChannelKindName, type ChannelRoute, type ChannelSettings, type ChannelStatus, type ChannelTier, type ChannelUser, type Hours, type PostedMessage,
} from './channel.schema.js';
export {
  channelAudienceEvents, channelCallbackEvents, channelEvents, channelInteractionEvents, channelInteractionSchema, channelThreadEvents, destinationSchema,
  type ChannelAudienceEvent, type ChannelCallbackEvent, type ChannelEvent, type ChannelInteraction, type ChannelInteractionEvent, type ChannelThreadEvent, type Destination,
} from './events/channel.events.js';
export {
  changeChannelUser, deleteChannel, getChannel, listChannels, listDeliveries, offerEnrolment, patchChannel, putChannel, receiveChannelCallback, showChannel, testChannel,
  type ChannelCallbackAnswer, type ChannelRecord, type DeliveryRecord, type EnrolmentOffered,
} from './rpc/channels.rpc.js';
export { deliveryEvents, deliveryRequestSchema, noticeSchema, type DeliveryEvent, type DeliveryRequest, type Notice } from './events/delivery.events.js';
export { defineEvents, upcastEvent, type EventDefinition, type EventOf, type EventTable } from './events/event-catalogue.js';
export { gateRefusalEvents, type GateRefusalEvent } from './events/gate-refusal.events.js';
export {
  governanceApprovalEvents, governanceLimitsEvents, governanceRefusalEvents, governedAgentEvents,
  type GovernanceApprovalEvent, type GovernanceLimitsEvent, type GovernanceRefusalEvent, type GovernedAgentEvent,
} from './events/governance.events.js';
export {
  agentIdSchema, approvalBindingSchema, approvalIdSchema, approvalSubjectSchema, approvalTypeSchema, capabilitySchema, governanceLimitsSchema, governanceMetadataSchema, grantKindSchema, grantSchema, provenanceSchema, recordedLimitsSchema, reviewFindingSchema, runHealthSchema, spendTotalsSchema,
  type ApprovalBinding, type ApprovalSubject, type ApprovalType, type CostSpike, type GovernanceLimits, type GovernanceMetadata, type Grant, type Provenance, type RecordedLimits, type ReviewFinding, type RunHealth, type SpendTotals,
} from './governance.schema.js';
export { admissionEvents, type AdmissionEvent } from './events/admission.events.js';
export { holdReasonSchema, type HoldReason } from './events/run-admission.events.js';
export { runEvents, type RunEvent } from './events/run.events.js';
export { pinnedDefinitionSchema, repairedStepSchema, type PinnedDefinition, type RepairedStep } from './events/run-operator.events.js';
export {
  approvalKindSchema, approverSchema, bindingDifferenceSchema, gateDecisionRecordSchema, gateDecisionSchema, gateOutcomeSchema, gatePolicySchema, gatePolicyStateSchema, gateReleaseSchema, gateVoteSchema, pendingGateSchema, votingSchema,
  type ApprovalKind, type Approver, type BindingDifference, type ExpiryPolicy, type GateDecision, type GateOutcome, type GatePolicy, type GatePolicyState, type GateRelease, type GateDecisionRecord, type GateVote, type PendingGate,
} from './gate.schema.js';
export { humanRequestStatuses, type HumanRequestRecord, type HumanRequestStatus } from './read-models.schema.js';
export {
  answerProvenanceSchema, defaultAnswerMs, endedHumanRequestSchema, humanRequestKinds, humanRequestSchema, maxAnswerBytes,
  type AnswerConversion, type AnswerProvenance, type EndedHumanRequest, type EscalationRequest, type HumanRequest, type QuestionRequest,
} from './human-request.schema.js';
export { handoffEvents, watchEvents, type HandoffEvent, type WatchEvent } from './events/handoff.events.js';
export { scheduleEvents, type ScheduleEvent } from './events/schedule.events.js';
export { handoffArtifactSchema, type HandoffArtifact, type HandoffRecord, type HandoffStatus } from './handoff.schema.js';
export {
  webhookDeliveryEvents, webhookTokenEvents, webhookTriggerEvents, type WebhookDeliveryEvent, type WebhookTokenEvent, type WebhookTriggerEvent,
} from './events/webhook.events.js';
export { resourceAccessSchema, visibilitySchema, type ResourceAccess, type Visibility } from './resource-access.schema.js';
export {
  judgedEffectSchema, policyDecisionSchema, policyHoldSchema, policyJudgementSchema, policyOutcomeSchema, unjudgedVersion, type JudgedEffect, type PolicyDecision, type PolicyHold, type PolicyJudgement, type PolicyOutcome,
} from './policy-decision.schema.js';
export { describeProblems, problemsOf, type Problem } from './problem-list.js';
export { deadLetterSources } from './read-models.schema.js';
export type { ApprovalEscalation, ApprovalGrounds, ApprovalRequest, ApprovalStatus, ApprovalTimeout } from './approval-request.js';
export type { AuditVerification, AutomationRecord, DeadLetterRecord, DeadLetterSource, DueWait, StatefulEvent, StatefulRun, WaitRecord } from './read-models.schema.js';
export { getApproval, listDecidedApprovals, listPendingApprovals } from './rpc/approvals.rpc.js';
export { decideGate, getReceiptKeys, listReceipts, type DecisionReceipt } from './rpc/approval-gate.rpc.js';
export {
  addGrant, changeGovernanceLimits, changeGovernedAgent, completeGovernanceReview, decideGovernanceApproval, extendAutomation, getGovernance, getGovernanceLimits, listGovernanceApprovals, listGovernanceReviews, listGovernedAgents,
  requestGovernanceApproval, restoreAutomation, retireAutomation, revokeGrant,
  type AutomationGovernanceRecord, type GovernanceApprovalRecord, type GovernanceReviewRecord, type GovernedAgentRecord,
} from './rpc/governance.rpc.js';
export { approveHandoff, depositHandoff, listAvailableHandoffs, listHandoffs, listWatchTargets, type HandoffLists, type WatchTarget, type WatchTargetRange } from './rpc/handoff.rpc.js';
export { listDueSchedules, type DueSchedule, type DueScheduleRange } from './rpc/schedule.rpc.js';
export {
  auditCheckpointSchema, getAutomation, getRun, getStatefulRun, listAutomations, listDeadLetters, listDueWaits, listRunEvents, listRuns, listStatefulRuns, runScopeFilterSchema, verifyAudit,
  type Page,
} from './rpc/observability.rpc.js';
export {
  cancelRun, continueTask, deleteAutomation, pauseAutomation, pauseRun, previewReset, reconcileEffect, recoverRun, repairRun, requeueTask, resumeAutomation, resumeRun, retryTask, setDisposition, shareAutomation,
  type OperatedRunReply, type OperatedTaskReply, type ResetPreview,
} from './rpc/operator.rpc.js';
export {
  beginAuditExport, listAuditAnchors, listAuditRecords, readAuditExport,
  type AuditExportBegun, type AuditExportPage, type AuditRecordShown,
} from './rpc/audit.rpc.js';
export { rpcMethod, rpcReplySchema, rpcRequestSchema, type PayloadInputOf, type PayloadOf, type ReplyOf, type RpcMethod, type RpcReply } from './rpc/rpc.js';
export { commandIdSchema, createAutomation, patchAutomation, runNow } from './rpc/runner.rpc.js';
export { listRunWaits, listWaits } from './rpc/wait-reads.rpc.js';
export { answerQuestion, getHumanRequest, listHumanRequests, requestIdSchema, respondEscalation, type AnsweredQuestion } from './rpc/human-requests.rpc.js';
export { maxResolutionKeyBytes, maxResolutionPayloadBytes, resolveWait, waitIdSchema, type ResolvedWait } from './rpc/waits.rpc.js';
export {
  createWebhookTrigger, deleteWebhookTrigger, disableWebhookTrigger, enableWebhookTrigger, findEarlyDeliveries, findWebhookWaits, getWebhookTrigger, listWebhookDeliveries, listWebhookTriggers,
  patchWebhookTrigger, receiveWebhook, replayWebhookDelivery, rotateWebhookSecret, rotateWebhookToken,
  type WebhookDeliveryRecord, type WebhookReceipt, type WebhookTriggerRecord, type WebhookTriggerShown, type WebhookWait,
} from './rpc/webhooks.rpc.js';
export { listAutomationVersions, listWatchedRuns, overrideGuardrails, recordUsage, type WatchedRun } from './rpc/supervision.rpc.js';
export {
  listChildWaits, listGovernedAutomations, listHeldRuns, listOrphanRuns, readRunHealth,
  type GovernedAutomationKey, type GovernedAutomationTimes, type GovernedPage, type GovernedRange, type NewestRuns, type SweepKey, type SweepPage, type SweepRange, type SweptRun, type SweptWait,
} from './rpc/sweeps.rpc.js';
export type { RunRecord } from './run-record.js';
export {
  effectIntentSchema, endedWaitSchema, executionClaimSchema, nodeDispositionSchema, nodeFailureSchema, nodeOutputSchema, operatorCommandSchema, openWaitSchema, openWaitTimeoutSchema, parentRunSchema, runCheckpointSchema, runSchema,
  schedulerSchema, waitKindSchema, webhookMatchSchema,
  type EffectIntent, type EndedWait, type ExecutionClaim, type NodeDisposition, type NodeFailure, type NodeInProgress, type OperatorCommand, type NodeOutput, type OpenWait, type OpenWaitTimeout, type ParentRun, type Run, type RunCheckpoint,
  type RunIn, type RunScheduler, type RunStatus, type WaitKind, type WebhookMatch,
  fanOutSchema, unsuccessfulItemSchema, type FanOut, type UnsuccessfulItem,
} from './run.schema.js';
export {
  guardrailLimitsSchema, runSupervisionSchema, runUsageSchema, usageDeltaSchema, type GuardrailLimits, type RunSupervision, type RunUsage, type UsageDelta,
} from './run-supervision.schema.js';
export { misfirePolicySchema, scheduleSchema, type MisfirePolicy, type Schedule } from './schedule.schema.js';
export {
  anyWaitSchema, approvalWaitSchema, bindingSchema, externalWaitSchema, timerWaitSchema, waitSpecSchema, waitTimeoutSchema, webhookWaitSchema,
  type AnyWaitSpec, type ApprovalWaitSpec, type Binding, type ExternalWaitSpec, type SingleWaitSpec, type TimerWaitSpec, type WaitSpec, type WaitTimeout, type WebhookWaitSpec,
} from './wait-spec.schema.js';
export { automationIdSchema, handoffIdSchema, nodeIdSchema, runIdSchema } from './scalars.schema.js';
export { blobBucket, blobThresholdBytes, maxPayloadBytes, streams, turnSubject } from './streams.js';
export { fireTimerSubject } from './subjects.js';
export { aggregateSubjects, eventSubject, eventSubjects, logSubject, parseLogSubject, signalSubjects, statusSubjects, tenantEventSubjects, tenantStatusSubjects, timerSubject, type AggregateRef } from './subjects.js';
export { governanceActorSchema, isSameTenant, localImplicitTenant, nameOnChannel, systemWorkspace, tenantContextSchema, type GovernanceActor, type TenantContext } from './tenant.schema.js';
export {
  signatureSchemeSchema, webhookBodyLimits, webhookDeliveryFactsSchema, webhookLookbackMs, webhookSecretSourceSchema, webhookTargetSchema, webhookToleranceMs,
  webhookTriggerSchema, type SignatureScheme, type WebhookDeliveryFacts, type WebhookSecretSource, type WebhookTarget, type WebhookTrigger,
} from './webhook.schema.js';
export type { RowDifference, RunReplay } from './run-replay.schema.js';
export type { PhaseTransition, StatefulSnapshot } from './run-snapshot.schema.js';
export { importedRunEvents, type ImportedRunEvent } from './events/imported-run.events.js';
export {
  importedEntrySchema, importedRunHeaderSchema, maxImportedEntries, runImportSchema,
  type ImportedEntry, type ImportedLifecycleRecord, type ImportedRun, type ImportedRunHeader, type ImportedStoredEvent, type RunImport, type RunImported,
} from './run-import.schema.js';
export { importRunHistory } from './rpc/run-import.rpc.js';
export { getRunSnapshot, listRunSnapshots } from './rpc/snapshots.rpc.js';
export { replayRun } from './rpc/replay.rpc.js';
export { observeRun } from './rpc/run-observability.rpc.js';
export type { BlockingReason, ObservabilityLimits, ObservedAuditEvent, ObservedPolicyDecision, OperatorAction, RunObservability } from './run-observability.js';
export { enterpriseScopeSchema, type DefinitionScope, type EnterpriseScope, type StatefulScope } from './stateful-scope.schema.js';
export {
  compensationStatusSchema, deadLetterStatusSchema, declaredCompensationSchema, givenUpOutcomeSchema, recoveryOptionSchema, runCompensationSchema, runDeadLetterSchema, runRecoverySchema,
  type CompensationStatus, type DeadLetterStatus, type DeclaredCompensation, type GivenUpOutcome, type LetterDisposition, type RecoveryOption, type RunCompensation, type RunDeadLetter, type RunRecovery,
} from './recovery.schema.js';
export {
  effectSourceKind, ledgerCollections, outboxStatuses, toolEffectStatuses, type CompensationRecord, type LedgerCollection, type LedgerDeadLetter, type LedgerPage, type OutboxRecord, type ToolEffectRecord,
} from './reliability.schema.js';
export { chooseRecovery, decideCompensation, decideDeadLetter, getDeadLetter, getResumePlan, type DeadLetterDecided, type OperatorChoice, type PlannedList, type RecoveryChosen, type ResumePlan, type ResumePoint, type StoredDeadLetter } from './rpc/recovery.rpc.js';
export { listReliability, listRetryDue, type RetryDue } from './rpc/reliability.rpc.js';
export { releaseText } from './release-text.js';
