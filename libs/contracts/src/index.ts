export { cloudEventHeaders, cloudEventTypePrefix, type PublishedEvent } from './cloud-event.schema.js';
export { commitSchema, embeddedStateSchema, recordedEventSchema, type Commit, type RecordedEvent } from './commit.schema.js';
export {
  actionSchema, automationDefinitionSchema, flowNodeSchema, httpActionSchema, transformActionSchema,
  type Action, type AutomationDefinition, type AutomationDefinitionInput, type FlowNode, type HttpAction, type TransformAction,
} from './definition.schema.js';
export { respell } from './definition-spelling.js';
export { errorCatalogue, isErrorCode, type ErrorCode, type ErrorKind } from './error-catalogue.js';
export { automationEvents, definitionEvents, type AutomationEvent, type DefinitionEvent } from './events/automation.events.js';
export { eventCatalogue, isAggregateName, type AggregateName } from './events/catalogue.js';
export { deadLetterEvents, type DeadLetterEvent } from './events/dead-letter.events.js';
export { deliveryEvents, deliveryRequestSchema, type DeliveryEvent, type DeliveryRequest } from './events/delivery.events.js';
export { defineEvents, upcastEvent, type EventDefinition, type EventOf, type EventTable } from './events/event-catalogue.js';
export { gateRefusalEvents, type GateRefusalEvent } from './events/gate-refusal.events.js';
export { runEvents, type RunEvent } from './events/run.events.js';
export { gateDecisionRecordSchema, gateDecisionSchema, pendingGateSchema, type GateDecision, type GateDecisionRecord, type PendingGate } from './gate.schema.js';
export { describeProblems, problemsOf, type Problem } from './problem-list.js';
export type { ApprovalRequest, AuditVerification, AutomationRecord, DeadLetterRecord, DueWait, StatefulEvent, StatefulRun } from './read-models.schema.js';
export { decideGate } from './rpc/approval-gate.rpc.js';
export {
  getAutomation, getRun, getStatefulRun, listAutomations, listDeadLetters, listDueWaits, listPendingApprovals, listRunEvents, listRuns, listStatefulRuns, verifyAudit,
  type Page,
} from './rpc/observability.rpc.js';
export { rpcMethod, rpcReplySchema, rpcRequestSchema, type PayloadInputOf, type PayloadOf, type ReplyOf, type RpcMethod, type RpcReply } from './rpc/rpc.js';
export { commandIdSchema, createAutomation, patchAutomation, runNow } from './rpc/runner.rpc.js';
export type { RunRecord } from './run-record.js';
export {
  effectIntentSchema, executionClaimSchema, nodeFailureSchema, nodeOutputSchema, openWaitSchema, runCheckpointSchema, runSchema,
  type EffectIntent, type ExecutionClaim, type NodeFailure, type NodeInProgress, type NodeOutput, type OpenWait, type Run, type RunCheckpoint, type RunIn, type RunStatus,
} from './run.schema.js';
export { automationIdSchema, nodeIdSchema, runIdSchema } from './scalars.schema.js';
export { blobBucket, blobThresholdBytes, maxPayloadBytes, streams } from './streams.js';
export { aggregateSubjects, eventSubject, eventSubjects, logSubject, parseLogSubject, signalSubjects, statusSubjects, tenantEventSubjects, timerSubject, type AggregateRef } from './subjects.js';
export { callContextSchema, governanceActorSchema, isSameTenant, localImplicitTenant, tenantContextSchema, type CallContext, type GovernanceActor, type TenantContext } from './tenant.schema.js';
