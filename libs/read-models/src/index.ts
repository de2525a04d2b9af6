export { toApprovalRequest } from './approval-request.js';
export { voterOf, type Asker } from './caller-decisions.js';
export type { DecidableBy, DecidedFilter, InboxGate, InboxQueries, InboxReader, ReaderSeat, PendingFilter, StoredAuthority } from './inbox-queries.port.js';
export { activateAuditKey, auditKeyHistory, AuditKeysUnusableError, type AuditKeyActivation } from './activate-audit-key.js';
export { auditAccessAggregate, denialSuffix, showAuditRecord, type AuditReads, type AuditRecordFilter, type AuditScope } from './audit-access.js';
export { coveredText, foldAudit, headOf, type AuditHead, type AuditRecord, type AuditSegment, type ChainCrypto } from './audit-chain.js';
export { auditFactsOf, type AuditFacts } from './audit-record.js';
export type { DelegationFilter, DelegationQueries } from './delegation-queries.port.js';
export type { DelegationRow } from './delegation.projection.js';
export type { ApprovalFilter, GovernanceQueries } from './governance-queries.port.js';
export type { GovernanceApprovalRow, GovernanceReviewRow, GovernedAgentRow, GovernedAutomationRow } from './governance-rows.js';
export { handoffsShown, type HandoffFilter, type HandoffQueries } from './handoff-queries.port.js';
export { toHumanRequestRecord, type AskedReader, type HumanRequestFilter, type HumanRequestQueries, type ShownHumanRequest } from './human-request-queries.port.js';
export type { HumanRequestRow } from './human-request-row.js';
export { gateAges, type GateAge, type OperationsCounts, type OperationsQueries, type UnsettledRecords } from './operations-queries.port.js';
export { decodeCursor, encodeCursor, type PageKey } from './page-key.js';
export { allowedNextPhases, phaseTable } from './phase-machine.js';
export { phaseOf, statefulStatuses, statefulStatusesOf, statusesLike, statusesOfPhase } from './phase.js';
export { projectBatch, type ProjectOptions } from './project-batch.js';
export { ProjectionMemory, type Missing, type Remembered, type RunKey } from './projection-memory.js';
export {
  ProjectionUnavailableError,
  type AuditedCommit, type AuditQueries, type DueRange, type WatchRange, type EventRange, type ItemsPage, type PageRequest, type ProjectionQueries, type RunFilter, type ServiceQueries, type StoredRun,
} from './projection-queries.port.js';
export { ProjectionFencedError, RowsRefusedError, type AuditHeadList, type Progress, type ProjectionStore } from './projection-store.port.js';
export type { RunRow } from './run-row.js';
export { restoreRun } from './restore-run.js';
export { withoutParts, withParts, type PartTexts, type RunPart, type RunPartRow } from './run-parts.js';
export { toPublishedEvents } from './published-event.projection.js';
export type {
  ArchiveRow, AuditKeyRow, AutomationRow, DeadLetterRow, DefinitionRow, DeliveryRow, GateKeys, GateRow, HandoffRow, RowChanges, RunEventRow, ScheduleRow, WaitRow,
} from './row-changes.js';
export { toRunRecord } from '@cs/automation-domain';
export { compactionMarkerType, compactionOf, stepsOfMarker, type CompactedEvent, type Compaction } from './compaction.js';
export type { RetentionRule } from './retention.port.js';
export { checkpointSummary } from './checkpoint-summary.js';
export type { ImportedRunRow } from './imported-run.projection.js';
export type { ImportedRunFilter, ImportedRunQueries, StoredImportedRun } from './imported-run-queries.port.js';
export { toImportedRun, toImportedSnapshot } from './imported-run-view.js';
export { leadTo, runsAfterEvents, shownTransitions, toSnapshot, writeSnapshot, type SnapshotParts, type WrittenSnapshot } from './run-snapshots.js';
export { SnapshotWriter, type SnapshotWriterOptions } from './snapshot-writer.js';
export { eventsBeforeSnapshots, type SnapshotEvent, type SnapshotQueries, type SnapshotRange, type SnapshotSources, type SnapshotTransition } from './snapshot-queries.port.js';
export { toStatefulRun } from './stateful-run.js';
export type { SweepQueries } from './sweep-queries.port.js';
export type { ChannelQueries, DeliveryFilter } from './channel-queries.port.js';
export type { ChannelRow, ChannelUserRow } from './channel.projection.js';
export { tenantKey, type Reader, type TenantKey, type WorkspaceKey } from './tenant-key.js';
export { auditViolationKinds, violation, type AuditViolation, type AuditViolationKind } from './audit-violation.js';
export { AnchorComparison, anchorText, signAnchor } from './verify-audit-anchors.js';
export { chainStart, keyAt, keyProblem, linkOf, verifyAgainstSource, verifyContent, verifyRecord, type ChainLink, type VerifyOptions } from './verify-audit-chain.js';
export {
  decodeWaitCursor, encodeWaitCursor, rankOf, waitKinds, waitStatuses, type WaitFilter, type WaitKey, type WaitPage, type WaitQueries, type WaitStatus,
} from './wait-queries.port.js';
export { type WebhookDeliveryFilter, type WebhookQueries } from './webhook-queries.port.js';
export type { WebhookDeliveryRow, WebhookTriggerRow } from './webhook-rows.js';
export { showTrigger } from '@cs/automation-application';
export type { EffectPolicyRow, PolicyDecisionRow } from './policy-rows.js';
export { dryRunPolicy, type DryRunRequest } from './dry-run-policy.query.js';
export type { PolicyDecisionFilter, PolicyQueries } from './policy-queries.port.js';
export { eventIdAt, lastSeqOf, rowsOfRun, runAsOf } from './replay-run.js';
export { differencesBetween, isPrunedRow, rowDifferences, withoutPruned, type RowPair, type RunRowQueries } from './row-drift.js';
export { newestThatFit } from './newest-snapshots.js';
export { observeRunRows, type Observed } from './run-observability.js';
export type { ObservedEvent, ObservedOfRun, ObservedRows, OpenRecovery, RunObservabilityQueries } from './run-observability.port.js';
export { scopeKeysOf, scopeOf, wantedScopeKeys, type ScopeFilter } from './definition-scope.js';
export type { CompensationRow, OutboxRow, ToolEffectRow } from './ledger-rows.js';
export { replacedOfEffect, replacedOfOutbox } from './ledger-rows.js';
export { resumePlan } from './resume-plan.js';
export type { PlannedRecords, PlannedRecovery, ResumePlanQueries } from './resume-plan-queries.port.js';
export type { DueRecoveryRange, RecoveryQueries, ReliabilityFilter, ReliabilityQueries, ReliabilityRange } from './reliability-queries.port.js';
