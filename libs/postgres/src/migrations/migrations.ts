import { ApprovalsByStatus1787000701700 } from './approvals-by-status.js';
import { AuditKeys1767225600300 } from './audit-keys.js';
import { AuditMentions1787000701500 } from './audit-mentions.js';
import { AuditReads1767225600301 } from './audit-reads.js';
import { PhaseTransitions1787000400000 } from './phase-transitions.js';
import { Retention1787000400001 } from './retention.js';
import { CreateProjections1767225600000 } from './create-projections.js';
import { HumanRequests1767225600200 } from './human-requests.js';
import { ImportedRuns1787000400002 } from './imported-runs.js';
import { ImportedRunLists1787000700700 } from './imported-run-lists.js';
import { Inbox1767225600500 } from './inbox.js';
import { CreatePolicies1787000100000 } from './policies.js';
import { ExtendWaits1767225600001 } from './waits.js';
import { CreateSchedulesAndHandoffs1767225600004 } from './schedules-and-handoffs.js';
import { Webhooks1767225600003 } from './webhooks.js';
import { Generations1767225600800 } from './generations.js';
import { Governance1767225600600 } from './governance.js';
import { Observability1787000300000 } from './observability.js';
import { GovernedAutomations1787000600000 } from './governed-automations.js';
import { OpenDeliveries1787000700101 } from './open-deliveries.js';
import { OverdueGates1767225600008 } from './overdue-gates.js';
import { WatchRuns1767225600006 } from './supervision.js';
import { Delegations1767225600401 } from './delegations.js';
import { ChannelConnections1787000701100 } from './channel-connections.js';
import { Channels1767225601500 } from './channels.js';
import { SweepRuns1767225600010 } from './sweeps.js';
import { ReliabilityLedger1787000100200 } from './reliability-ledger.js';
import { RunParts1787000800000 } from './run-parts.js';
import { HealthLaunches1787000900000 } from './health-launches.js';
import { ImportedRunTriggers1787000900100 } from './imported-run-triggers.js';
import { LedgerByStatus1787000701600 } from './ledger-by-status.js';
import { UnsettledLedger1787000701400 } from './unsettled-ledger.js';
import { Viewers1767225600009 } from './viewers.js';

/**
 * Every migration, oldest first. A released one never changes; each expands what the release before
 * it can still use, and a later one contracts.
 */
export const migrations = [
  CreateProjections1767225600000,
  ExtendWaits1767225600001,
  Webhooks1767225600003,
  CreateSchedulesAndHandoffs1767225600004,
  WatchRuns1767225600006,
  OverdueGates1767225600008,
  Viewers1767225600009,
  SweepRuns1767225600010,
  HumanRequests1767225600200,
  AuditKeys1767225600300,
  AuditReads1767225600301,
  Delegations1767225600401,
  Inbox1767225600500,
  Governance1767225600600,
  Generations1767225600800,
  Channels1767225601500,
  CreatePolicies1787000100000,
  ReliabilityLedger1787000100200,
  Observability1787000300000,
  PhaseTransitions1787000400000,
  Retention1787000400001,
  ImportedRuns1787000400002,
  GovernedAutomations1787000600000,
  OpenDeliveries1787000700101,
  ImportedRunLists1787000700700,
  ChannelConnections1787000701100,
  UnsettledLedger1787000701400,
  AuditMentions1787000701500,
  LedgerByStatus1787000701600,
  ApprovalsByStatus1787000701700,
  RunParts1787000800000,
  HealthLaunches1787000900000,
  ImportedRunTriggers1787000900100,
];
