import type { GateDecision, GovernanceActor, PendingGate, Run, ScopedGrant, VerifiedTenantContext } from '@cs/contracts';
import { authorityRefusal } from './gate-authority.js';
import { isConsequential, requiresAuthority, reviewerPolicy } from './reviewer-policy.js';

const now = 1_767_225_600_000;
const gate = (change: Partial<PendingGate> = {}): PendingGate => ({
  node_id: 'approve', gate_opening_id: 'o1', approval_request_id: 'r1', wait_id: 'w1', transition_id: 't1', title: 'Refund?', decisions: ['approve', 'rework', 'cancel'],
  rework_targets: [], requested_at_ms: now, upstream_node_ids: [], ...change,
});
const ada: GovernanceActor = { kind: 'human', actor_id: 'ada', source: 'api_key' };
const bob: GovernanceActor = { kind: 'human', actor_id: 'bob', source: 'api_key' };
const run = (change: Partial<Run> = {}): Run => ({
  run_id: 'run-1', automation_id: 'refund', tenant_context: { org_id: 'acme', workspace_id: 'finance', source: 'explicit' }, requested_by: ada, ...change,
}) as Run;

const grant: ScopedGrant = {
  grant_id: 'g1', principal: { kind: 'human_user', id: 'bob' }, effect: 'allow', permissions: ['admin'], data_classes: ['financial_record', 'internal'], tool_patterns: [], grant_source: 'direct',
  resource: { organization_id: 'acme', workspace_id: 'finance', resource_kind: 'workspace', resource_id: 'finance', parent_path: [] },
};
const assertion = (grants: readonly ScopedGrant[]): VerifiedTenantContext => ({
  tenant_context: { org_id: 'acme', workspace_id: 'finance', source: 'explicit' }, human_actor: { actor_id: 'bob' }, authority_chain: { initiated_by: 'bob', executed_as: 'bob' },
  roles: [], org_units: [], capabilities: [], issuer: 'idp', audience: 'countersign', issued_at_ms: now, expires_at_ms: now + 60_000, assertion_id: 'a1',
  strict_projection: {
    tenant: { org_id: 'acme', workspace_id: 'finance', source: 'explicit' }, principal: { kind: 'human_user', id: 'bob' }, authority_chain: { initiated_by: 'bob', executed_as: 'bob' },
    resource_scope: { root: { organization_id: 'acme', workspace_id: 'finance', resource_kind: 'organization', resource_id: 'acme', parent_path: [] }, allowed_resources: [], denied_resources: [] },
    grants, data_boundary: { allowed: [], denied: [] }, expires_at_ms: now + 60_000,
  },
});

interface Case {
  readonly actor?: GovernanceActor;
  readonly verified?: VerifiedTenantContext;
  readonly decision?: GateDecision;
  readonly gate?: PendingGate;
  readonly run?: Run;
}
const refusalOf = ({ actor = bob, verified, decision = 'approve', gate: asked = gate(), run: asking = run() }: Case): string | undefined =>
  authorityRefusal({ actor, verified }, { decision, gate: asked, run: asking, at_ms: now })?.code.replace('AUTOMATION_V2_GATE_', '');

const money = gate({ risk_tier: 'money_movement_contract' });
const elevated = gate({ metadata: { reviewer_eligibility: 'elevated_reviewer', data_class: 'financial_record' } });

describe('who may decide a gate that a policy opened for a role', () => {
  const asked = gate({ approvers: [{ kind: 'role', id: 'operator' }], policy: { decision_id: 'd1', reason_code: 'daily_autonomy_budget_exceeded', reason: 'one a day', elevated: false, policy_version: 'none' }, metadata: { gate: { reviewer_eligibility: 'any_human_reviewer' } } });
  const local = run({ tenant_context: { org_id: 'local', workspace_id: 'local', source: 'local_implicit' }, requested_by: { kind: 'human', source: 'local' } });

  it('whoever has the role, and did not ask for the run', () => {
    const by = (actor: GovernanceActor, roles: readonly string[]) => authorityRefusal({ actor, verified: undefined, memberships: { roles, groups: [] } }, { decision: 'approve', gate: asked, run: run(), at_ms: now })?.code;
    expect(by(bob, ['operator'])).toBeUndefined();
    expect(by(bob, ['finance-lead'])).toBe('AUTOMATION_V2_GATE_NOT_AN_APPROVER');
    expect(by(ada, ['operator'])).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
  });

  it('the single local person, who has every role there is; at gates of definitions the local person needs the role', () => {
    const person: GovernanceActor = { kind: 'human', source: 'local' };
    expect(refusalOf({ actor: person, gate: asked, run: local })).toBeUndefined();
    expect(refusalOf({ actor: person, gate: asked })).toBe('REVIEWER_IDENTITY_REQUIRED');
    expect(refusalOf({ actor: person, gate: gate({ approvers: [{ kind: 'role', id: 'operator' }] }), run: local })).toBe('REVIEWER_IDENTITY_REQUIRED');
  });
});

describe('who may decide a gate', () => {
  it('requester self-approval is refused, also via a channel identity in another spelling', () => {
    expect(refusalOf({ actor: { kind: 'human', actor_id: ' ADA ' }, gate: money })).toBe('SELF_APPROVAL_FORBIDDEN');
    const slackRequester = run({ requested_by: { kind: 'human', actor_id: 'U1', source: 'slack' } });
    expect(refusalOf({ actor: { kind: 'human', actor_id: 'channel:SLACK:u1' }, run: slackRequester, gate: money })).toBe('SELF_APPROVAL_FORBIDDEN');
  });

  it('the requester may send back and cancel, and approve what is not consequential', () => {
    expect(refusalOf({ actor: ada, decision: 'rework', gate: money })).toBeUndefined();
    expect(refusalOf({ actor: ada, decision: 'cancel', gate: money })).toBeUndefined();
    expect(refusalOf({ actor: ada, gate: gate({ risk_tier: 'internal_write' }) })).toBeUndefined();
  });

  it('elevated reviewer without authority is refused, with authority or channel-verified accepted', () => {
    expect(refusalOf({ gate: elevated })).toBe('REVIEWER_AUTHORITY_REQUIRED');
    expect(refusalOf({ gate: elevated, verified: assertion([]) })).toBe('REVIEWER_AUTHORITY_DENIED');
    expect(refusalOf({ gate: elevated, verified: assertion([grant]) })).toBeUndefined();
    expect(refusalOf({ gate: elevated, actor: { kind: 'human', actor_id: 'u9', source: 'slack' } })).toBeUndefined();
  });

  it('a data class needs authority for every decision, and reading is enough where no elevation is asked', () => {
    const internal = gate({ data_classes: ['internal'] });
    expect(refusalOf({ gate: internal, decision: 'cancel' })).toBe('REVIEWER_AUTHORITY_REQUIRED');
    expect(refusalOf({ gate: internal, verified: assertion([{ ...grant, permissions: ['read'] }]) })).toBeUndefined();
  });

  it('the local person without an assertion is trusted; with one, the assertion counts', () => {
    const local = run({ tenant_context: { org_id: 'local', workspace_id: 'local', source: 'local_implicit' } });
    expect(refusalOf({ gate: elevated, run: local })).toBeUndefined();
    expect(refusalOf({ gate: elevated, run: local, verified: assertion([]) })).toBe('REVIEWER_AUTHORITY_DENIED');
  });

  it('a source that only looks like a channel, or an agent of one, is not channel-verified', () => {
    expect(refusalOf({ gate: elevated, actor: { kind: 'human', actor_id: 'u9', source: 'slackish' } })).toBe('REVIEWER_AUTHORITY_REQUIRED');
    expect(refusalOf({ gate: elevated, actor: { kind: 'agent', actor_id: 'u9', source: 'slack' } })).toBe('REVIEWER_AUTHORITY_REQUIRED');
  });
});

describe('the reviewer policy of a gate', () => {
  it('is read from the first place that has it', () => {
    const metadata = { gate: { risk_tier: 'external_send' }, policy: { risk_tier: 'read_discover', data_classes: ['restricted', 'nonsense'] }, data_class: 'internal', resource: { resource_kind: 'project', resource_id: 'p1', organization_id: 'other' } };
    expect(reviewerPolicy(gate({ metadata, risk_tier: 'destructive_delete' }), run())).toEqual({
      eligibility: 'none', risk_tier: 'external_send', data_classes: ['restricted', 'internal'],
      resource: { organization_id: 'acme', workspace_id: 'finance', parent_path: [], resource_kind: 'project', resource_id: 'p1' },
    });
  });

  it('has defaults, and takes what it cannot read for absent', () => {
    const policy = reviewerPolicy(gate({ metadata: { reviewer_eligibility: 'the boss', risk_tier: 7, data_classes: 'all' } }), run());
    expect(policy).toMatchObject({ eligibility: 'none', risk_tier: undefined, data_classes: [], resource: { resource_kind: 'approval', resource_id: 'refund:approve' } });
    expect(isConsequential(policy)).toBe(false);
    expect(requiresAuthority(policy)).toBe(false);
  });

  it.each([
    ['a tier that needs approval', { risk_tier: 'external_send' }, [true, false]],
    ['a harmless tier', { risk_tier: 'read_discover' }, [false, false]],
    ['a class that needs elevation', { data_class: 'regulated' }, [true, true]],
    ['an open class', { data_class: 'public' }, [false, true]],
    ['any human reviewer', { reviewer_eligibility: 'any_human_reviewer' }, [true, false]],
  ])('with %s', (_what, metadata, expected) => {
    const policy = reviewerPolicy(gate({ metadata }), run());
    expect([isConsequential(policy), requiresAuthority(policy)]).toEqual(expected);
  });
});
