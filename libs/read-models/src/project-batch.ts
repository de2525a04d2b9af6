import { runAggregate } from '@cs/automation-application';
import type { RunState } from '@cs/automation-domain';
import type { AggregateName, Run } from '@cs/contracts';
import { unwritten, type AuditKeys, type Digest, type Loaded, type LogEntry, type StoredCommit } from '@cs/eventing';
import { noPosition } from '@cs/kernel';
import { foldAudit, headOf } from './audit-chain.js';
import { auditFactsOf } from './audit-record.js';
import { projectAutomation, projectDefinition } from './automation.projection.js';
import { projectChannels, projectChannelUsers } from './channel.projection.js';
import { CollectedRows } from './collected-rows.js';
import { deadLetterOf, projectDeadLetters, projectRunDeadLetters } from './dead-letter.projection.js';
import { projectDelegations, tenantOfRefusedDelegation } from './delegation.projection.js';
import { projectDelivery } from './delivery.projection.js';
import { foldRunCommit, withoutState, type FoldedRunCommit } from './fold-run-commit.js';
import { projectGates } from './gate.projection.js';
import { projectAgentReviews, projectAutomationReviews, projectGovernanceApprovals, projectGovernedAgents } from './governance.projection.js';
import { projectGovernedAutomations } from './governed-automation.projection.js';
import { projectHandoffs } from './handoff.projection.js';
import type { ProjectionMemory } from './projection-memory.js';
import type { RowChanges } from './row-changes.js';
import { projectEffectPolicies, projectPolicyDecisions } from './policy.projection.js';
import { projectImportedRun } from './imported-run.projection.js';
import { projectHumanRequests } from './human-request.projection.js';
import { projectRunEvents } from './run-event.projection.js';
import { projectLedger } from './ledger.projection.js';
import { projectRun } from './run.projection.js';
import { runPartRow } from './run-parts.js';
import type { RunTransition } from './run-transition.js';
import { projectSchedules } from './schedule.projection.js';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { tenantOfData, tenantOfInteraction, tenantOfNamedRun, tenantOfRun } from './tenant-of-commit.js';
import { eventsOf } from './typed-events.js';
import { projectWaits } from './wait.projection.js';
import { projectWebhookDeliveries, projectWebhookTriggers, tenantOfDelivery } from './webhook.projection.js';

export interface ProjectOptions {
  readonly memory: ProjectionMemory;
  readonly digest: Digest;
  /** What signs the audit. Without keys a log in which one was activated cannot be projected (`AuditKeyMissingError`). */
  readonly auditKeys?: AuditKeys | undefined;
  /** When commits that cannot be read are set aside. */
  readonly now: number;
}

interface Surroundings extends ProjectOptions {
  readonly rows: CollectedRows;
}

/**
 * A run one commit on. The state that a commit carries is used where folding would not lead to it:
 * when a commit before it could not be read.
 */
const fold = (before: Loaded<RunState>, stored: StoredCommit): FoldedRunCommit =>
  foldRunCommit(before, stored.commit.previous === before.position ? withoutState(stored) : stored);

/** What the run waits for, and whom it asks. */
const projectWaiting = (transition: RunTransition, rows: CollectedRows): void => {
  for (const wait of projectWaits(transition)) rows.waits.add(wait);
  for (const gate of projectGates(transition)) rows.gates.add(gate);
  for (const request of projectHumanRequests(transition)) rows.human_requests.add(request);
};

/** The run as it is now, and each of its parts once. */
const projectRunRecord = (run: Run, { version, position }: Loaded<RunState>, { memory, rows, digest }: Surroundings): void => {
  const row = projectRun(run, { version, position, digest });
  rows.runs.add(row);
  for (const part of row.parts) if (memory.isNewPart(part.values)) rows.run_parts.add(runPartRow(run, part));
};

const projectRunCommit = (entry: LogEntry, stored: StoredCommit, surroundings: Surroundings): TenantKey => {
  const { memory, rows, digest } = surroundings;
  const known = memory.run({ ...stored.ref, run_id: stored.ref.id }) ?? unwritten(runAggregate, stored.ref);
  const { folded, steps } = fold(known, stored);
  memory.setRun(folded, entry.body.length);
  const transition = { before: known.state, after: folded.state, stored };
  if (folded.state) projectRunRecord(folded.state, folded, surroundings);
  rows.run_events.push(...projectRunEvents({ stored, before: known.state, run: folded.state, steps }));
  projectWaiting(transition, rows);
  const tenant = tenantOfRun(folded.state ?? known.state, stored.ref);
  for (const letter of projectRunDeadLetters(stored, tenant, digest)) rows.dead_letters.add(letter);
  projectLedger(transition, rows, digest);
  for (const decision of projectPolicyDecisions(stored, tenant)) rows.policy_decisions.add(decision);
  return tenant;
};

type CommitProjection = (entry: LogEntry, stored: StoredCommit, surroundings: Surroundings) => TenantKey;

/** Each aggregate's projection; answers the tenant that the commit belongs to. */
const projections: Readonly<Record<AggregateName, CommitProjection>> = {
  run: projectRunCommit,
  automation: (entry, stored, { rows, memory }) => {
    const automations = projectAutomation(stored);
    for (const automation of automations) rows.automations.add(automation);
    for (const review of projectAutomationReviews(stored)) rows.governance_reviews.add(review);
    for (const governed of projectGovernedAutomations(stored)) rows.governed_automations.add(governed);
    return automations[0] ?? tenantOfData(stored) ?? tenantOfNamedRun(entry, memory);
  },
  governance_limits: (_entry, stored) => tenantOfData(stored) ?? { ...stored.ref, deployment_id: '' },
  governed_agent: (_entry, stored, { rows }) => {
    const agents = projectGovernedAgents(stored);
    for (const agent of agents) rows.governed_agents.add(agent);
    for (const review of projectAgentReviews(stored)) rows.governance_reviews.add(review);
    return agents[0] ?? { ...stored.ref, deployment_id: '' };
  },
  governance_approval: (_entry, stored, { rows }) => {
    const approvals = projectGovernanceApprovals(stored);
    for (const approval of approvals) rows.governance_approvals.add(approval);
    return approvals[0] ?? { ...stored.ref, deployment_id: '' };
  },
  governance_refusal: (_entry, stored) => tenantOfData(stored) ?? { ...stored.ref, deployment_id: '' },
  definition: (entry, stored, { rows, memory }) => {
    for (const definition of projectDefinition(stored)) rows.definitions.add(definition);
    return tenantOfNamedRun(entry, memory);
  },
  channel: (_entry, stored, { rows }) => {
    const channels = projectChannels(stored);
    for (const channel of channels) rows.channels.add(channel);
    for (const user of projectChannelUsers(stored)) rows.channel_users.add(user);
    return channels[0] ?? { ...stored.ref, deployment_id: '' };
  },
  // Only the write side needs these; what they lead to is in the run and in the deliveries.
  channel_callback: (_entry, { ref }) => ({ ...ref, deployment_id: '' }),
  channel_audience: (_entry, { ref }) => ({ ...ref, deployment_id: '' }),
  channel_thread: (_entry, { ref }) => ({ ...ref, deployment_id: '' }),
  channel_interaction: (_entry, stored) => tenantOfInteraction(stored) ?? { ...stored.ref, deployment_id: '' },
  delivery: (entry, stored, { rows, memory }) => {
    const tenant = tenantOfNamedRun(entry, memory);
    for (const delivery of projectDelivery(stored, tenant)) rows.deliveries.add(delivery);
    return tenant;
  },
  dead_letter: (entry, stored, { rows, memory }) => {
    const tenant = tenantOfData(stored) ?? tenantOfNamedRun(entry, memory);
    for (const letter of projectDeadLetters(stored, tenant)) rows.dead_letters.add(letter);
    return tenant;
  },
  schedule: (_entry, stored, { rows }) => {
    const schedules = projectSchedules(stored);
    for (const schedule of schedules) rows.schedules.add(schedule);
    return schedules[0] ?? { ...stored.ref, deployment_id: '' };
  },
  handoff: (_entry, stored, { rows }) => {
    const handoffs = projectHandoffs(stored);
    for (const handoff of handoffs) rows.handoffs.add(handoff);
    return handoffs[0] ?? { ...stored.ref, deployment_id: '' };
  },
  autonomy_budget: (_entry, { ref }) => ({ ...ref, deployment_id: '' }),
  autonomy_transition: (_entry, stored) => tenantOfData(stored) ?? { ...stored.ref, deployment_id: '' },
  // Only the write side needs it; it says nothing that the handoff and its run do not say.
  admission: (_entry, { ref }) => ({ ...ref, deployment_id: '' }),
  watch: (_entry, { ref }) => ({ ...ref, deployment_id: '' }),
  gate_refusal: (entry, stored, { memory }) => tenantOfRefusedDelegation(stored) ?? tenantOfNamedRun(entry, memory),
  delegation: (_entry, stored, { rows }) => {
    const delegations = projectDelegations(stored);
    for (const delegation of delegations) rows.delegations.add(delegation);
    return delegations[0] ?? { ...stored.ref, deployment_id: '' };
  },
  webhook_trigger: (entry, stored, { rows, memory }) => {
    const triggers = projectWebhookTriggers(stored);
    for (const trigger of triggers) rows.webhook_triggers.add(trigger);
    return triggers[0] ?? tenantOfNamedRun(entry, memory);
  },
  effect_policy: (_entry, stored, { rows }) => {
    const versions = projectEffectPolicies(stored);
    for (const version of versions) rows.effect_policies.add(version);
    return versions[0] ?? { ...stored.ref, deployment_id: '' };
  },
  webhook_token: (entry, _stored, { memory }) => tenantOfNamedRun(entry, memory),
  webhook_delivery: (entry, stored, { rows, memory }) => {
    for (const delivery of projectWebhookDeliveries(stored)) rows.webhook_deliveries.add(delivery);
    return tenantOfDelivery(stored) ?? tenantOfNamedRun(entry, memory);
  },
  imported_run: (_entry, stored, { rows }) => {
    const { runs, events } = projectImportedRun(stored);
    for (const run of runs) rows.imported_runs.add(run);
    rows.imported_run_events.push(...events);
    return runs[0] ?? { ...stored.ref, deployment_id: '' };
  },
  audit_access: (entry, stored) => {
    const [event] = eventsOf('audit_access', stored);
    return event === undefined ? { ...entry.ref, deployment_id: '' } : tenantKey(event.data.tenant_context);
  },
  audit_key: (_entry, stored, { rows, memory }) => {
    for (const { data: { key_id, key_check }, recorded_at_ms } of eventsOf('audit_key', stored)) {
      memory.setAuditKeyId(key_id);
      rows.audit_keys.push({ position: stored.position, key_id, key_check, activated_at_ms: recorded_at_ms });
    }
    return { ...stored.ref, deployment_id: '' };
  },
};

const projectAudit = (stored: StoredCommit, tenant: TenantKey, { rows, memory, digest, auditKeys }: Surroundings): void => {
  for (const facts of auditFactsOf(stored, tenant)) {
    const record = foldAudit(memory.head(facts), facts, { digest, auditKeys, key_id: memory.auditKeyId });
    memory.setHead(headOf(record));
    rows.addAudit(record);
  }
};

const setAside = (entry: LogEntry, reason: string, { rows, memory, now }: Surroundings): void => {
  rows.archive.push({ position: entry.position, subject: entry.subject, body: entry.body, problem: reason });
  rows.dead_letters.add(deadLetterOf({ ...entry, reason }, tenantOfNamedRun(entry, memory), now));
};

/**
 * The row changes of the next commits of the log. The memory must hold what `memory.missing` named.
 * An entry that cannot be read is archived whole, with a dead letter that says why.
 */
export const projectBatch = (entries: readonly LogEntry[], options: ProjectOptions): RowChanges => {
  const surroundings = { ...options, rows: new CollectedRows() };
  for (const entry of entries) {
    const { stored } = entry;
    if (stored === undefined) {
      setAside(entry, entry.unreadable ?? 'the commit cannot be read', surroundings);
      continue;
    }
    surroundings.rows.archive.push({ position: entry.position, subject: entry.subject, body: entry.body, problem: null });
    projectAudit(stored, projections[stored.ref.aggregate](entry, stored, surroundings), surroundings);
  }
  options.memory.trim();
  return surroundings.rows.changes(entries.at(-1)?.position ?? noPosition);
};
