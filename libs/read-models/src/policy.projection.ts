import { runEvents, type EventTable, type PolicyDecision } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import type { EffectPolicyRow, PolicyDecisionRow } from './policy-rows.js';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

type DecisionEvent = Extract<RecordedIn<'run'>, { readonly event_type: 'policy_effect_allowed' | 'policy_effect_denied' | 'policy_approval_required' | 'policy_approval_used' }>;

const decisionTypes: ReadonlySet<string> = new Set<DecisionEvent['event_type']>(['policy_effect_allowed', 'policy_effect_denied', 'policy_approval_required', 'policy_approval_used']);

const isDecision = (event: RecordedIn<'run'>): event is DecisionEvent => decisionTypes.has(event.event_type);

const catalogue: EventTable = runEvents;
const isAudited = ({ event_type }: DecisionEvent): boolean => catalogue[event_type]?.audit !== undefined;

/** What was decided; the projection has no use for the rest of the event. */
const recordOf = ({ data }: DecisionEvent): PolicyDecision => {
  const { decision_id, node_id, attempt, effect_id, decision, reason_code, reason, judgement, arguments_digest, judged } = data;
  return { decision_id, node_id, attempt, effect_id, decision, reason_code, reason, judgement, arguments_digest, judged };
};

/** The decisions on effects in a commit of a run, in order. */
export const projectPolicyDecisions = (stored: StoredCommit, tenant: TenantKey): readonly PolicyDecisionRow[] =>
  eventsOf('run', stored).filter(isDecision).map((event) => {
    const record = recordOf(event);
    const { decision_id, node_id, decision, reason_code, effect_id, judgement, judged } = record;
    return {
      ...tenant, decision_id, run_id: stored.ref.id, automation_id: judged.automation_id, node_id, decision, reason_code, effect_id, policy_version: judgement.policy_version,
      approval_id: event.event_type === 'policy_approval_used' ? event.data.approval_id : null, audit_event_id: isAudited(event) ? event.event_id : null, record, created_at_ms: event.recorded_at_ms, position: stored.position,
    };
  });

/** The versions of a policy that a commit publishes. */
export const projectEffectPolicies = (stored: StoredCommit): readonly EffectPolicyRow[] =>
  eventsOf('effect_policy', stored).map(({ data: { command_id: _command, ...version }, recorded_at_ms }) => ({
    ...tenantKey(version.tenant_context), number: version.number, policy_version: version.policy_version,
    record: { ...version, published_at_ms: recorded_at_ms }, created_at_ms: recorded_at_ms, position: stored.position,
  }));
