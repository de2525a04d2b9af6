import type { CallContext, PendingGate, VerifiedTenantContext } from '@cs/contracts';
import { toApprovalRequest } from './approval-request.js';
import type { InboxGate } from './inbox-queries.port.js';

const now = 1_000_000;
const gate = (change: Partial<PendingGate> = {}): PendingGate => ({
  node_id: 'sign', gate_opening_id: 'automation_v2:r1:sign:1', approval_request_id: 'automation_v2:r1:sign', wait_id: 'automation_v2:r1:sign:wait', transition_id: 'automation_v2:r1:sign:decision',
  title: 'Refund 42 EUR?', instructions: 'Look closely', decisions: ['approve', 'rework', 'cancel'], rework_targets: ['charge'], requested_at_ms: now - 10, upstream_node_ids: ['charge'], ...change,
});
const row = (change: Partial<PendingGate> = {}, rest: Partial<InboxGate> = {}): InboxGate => ({
  org_id: 'acme', workspace_id: 'ops', deployment_id: '', kind: 'approval_gate', status: 'open', gate_opening_id: 'automation_v2:r1:sign:1', automation_id: 'refund', run_id: 'r1', gate: gate(change),
  requested_by: { kind: 'human', actor_id: 'ada' }, expires_at_ms: null, workflow_name: 'Refund', tenant_source: 'explicit', may_change: true, decision: null, decided_by: null, decided_at_ms: null, reason: null, ...rest,
});
const caller = (actor_id: string, rest: Partial<CallContext> = {}): CallContext => ({
  tenant: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, actor: { kind: 'human', actor_id, source: 'api_key' }, correlation_id: 'c', ...rest,
});
const shown = (open: InboxGate, context = caller('grace'), at_ms = now) => toApprovalRequest(open, { context, at_ms });
const decisionsOf = (open: InboxGate, context?: CallContext, at_ms?: number) => shown(open, context, at_ms).yours.decisions;

describe('an entry of the inbox', () => {
  it('says what is asked, by whom, and where to answer', () => {
    expect(shown(row())).toMatchObject({
      request_id: 'automation_v2:r1:sign', source: 'automation_v2', kind: 'approval_gate', status: 'open', tenant: { org_id: 'acme', workspace_id: 'ops', user_id: 'ada' }, workflow_name: 'Refund',
      action_preview_markdown: '**Refund 42 EUR?**\n\nLook closely', expires_at_ms: null, because: { text: 'The automation stops here for a decision.', requester_barred: false }, on_timeout: { then: 'wait' },
      surface_payload: { approval_request_id: 'automation_v2:r1:sign', wait_id: 'automation_v2:r1:sign:wait', transition_id: 'automation_v2:r1:sign:decision', gate_opening_id: 'automation_v2:r1:sign:1', decide_endpoint: '/automations/v2/runs/r1/gate' },
      links: { self: '/approvals/automation_v2%3Ar1%3Asign%3A1', page: '/inbox/automation_v2%3Ar1%3Asign%3A1', decide: '/automations/v2/runs/r1/gate', run: '/automations/v2/runs/r1' },
    });
    expect(shown(row())).not.toHaveProperty('decision');
  });

  it('says what will happen in one line a step, and holds no credential anywhere', () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const entry = shown(row({
      title: `Use ${token}`, metadata: { display_artifact: { note: token } },
      releases: [
        { node_id: 'pay', action_kind: 'http', arguments: { method: 'POST', url: 'https://bank.example/pay', headers: { authorization: `Bearer ${token}` }, body: { amount: 42 } }, digest: `sha256:${'0'.repeat(64)}` },
        { node_id: 'tell', action_kind: 'automation', arguments: { automation_id: 'notify', input: { to: 'ada' } } },
        { node_id: 'log', action_kind: 'http', note: 'its arguments are not known yet: nodes.sign' },
        { node_id: 'long', action_kind: 'transform', arguments: { text: 'x'.repeat(1000) } },
      ],
    }));
    expect(entry.effects.map(({ summary }) => summary)).toEqual([
      'POST https://bank.example/pay with {"amount":42}', 'starts the automation notify with {"to":"ada"}', 'its arguments are not known yet: nodes.sign', expect.stringMatching(/^.{399}…$/),
    ]);
    expect(entry.releases[0]?.arguments).toMatchObject({ headers: { authorization: 'Bearer [redacted]' }, body: { amount: 42 } });
    expect(JSON.stringify(entry)).not.toContain('ghp_');
  });

  it('says why somebody has to sign, and which policy wants it', () => {
    const policy = { decision_id: 'd1', reason_code: 'risk_tier', reason: 'money leaves the company.', elevated: false, policy_version: 'v1' };
    const { because } = shown(row({ risk_tier: 'external_send', data_classes: ['regulated'], policy }, { kind: 'policy_gate' }));
    expect(because).toEqual({
      text: 'A policy asks for an approval before this happens: money leaves the company. Its risk is "external_send". It concerns data of the classes regulated.',
      risk_tier: 'external_send', data_classes: ['regulated'], requester_barred: true, reviewer_eligibility: 'none', policy_decision: policy,
    });
  });

  it('says of whoever asked that they may not approve only where somebody could be them', () => {
    const barred = (requested_by: InboxGate['requested_by'], change: Partial<PendingGate> = { risk_tier: 'external_send' }) => shown(row(change, { requested_by })).because.requester_barred;
    const local = { kind: 'human', source: 'local' } as const;
    expect([barred({ kind: 'human', actor_id: 'ada' }), barred({ kind: 'system', source: 'schedule' }), barred(local)]).toEqual([true, true, false]);
    const several = { approvals_required: 2 };
    expect([barred({ kind: 'human', actor_id: 'ada' }, several), barred({ kind: 'human', actor_id: 'ada' }, { ...several, requester_may_approve: true }), barred(local, several)]).toEqual([true, false, false]);
  });

  it('says until when, and what happens then', () => {
    const timeout = (on_expiry: 'cancel' | 'resume' | 'remind' | 'escalate', escalations = 0) =>
      shown(row({ expiry_policy: { on_expiry, escalate_to: ['lead', 'cfo'] }, policy_state: { escalations, reminder_count: 0 } }, { expires_at_ms: now + 5 })).on_timeout;
    expect(timeout('cancel')).toEqual({ at_ms: now + 5, then: 'cancel', escalate_to: null });
    expect(timeout('resume').then).toBe('resume');
    expect(timeout('remind').then).toBe('remind');
    expect([timeout('escalate'), timeout('escalate', 1), timeout('escalate', 2)].map(({ then, escalate_to }) => [then, escalate_to])).toEqual([['escalate', 'lead'], ['escalate', 'cfo'], ['wait', null]]);
    const escalated = shown(row({ policy_state: { escalations: 1, escalated_to: 'lead', escalated_at_ms: 7, reminder_count: 2, last_reminded_at_ms: 6, stale: true } })).escalation;
    expect(escalated).toEqual({ level: 1, escalated_to: 'lead', escalated_at_ms: 7, reminders: 2, last_reminded_at_ms: 6, stale: true });
  });

  it('says who voted and who is missing', () => {
    const vote = { vote_id: 'v', voter: 'grace', decision: 'approve', voted_by: { kind: 'human', actor_id: 'Grace' }, voted_at_ms: 5 } as const;
    const entry = shown(row({ approvals_required: 2, approvers: [{ kind: 'person', id: 'Grace' }, { kind: 'person', id: 'Bob' }, { kind: 'role', id: 'lead' }], votes: [vote] }));
    expect(entry.voting).toEqual({ rule: 'veto', approvals_required: 2, approvals: 1, votes: [vote], missing_people: ['Bob'] });
    expect(entry.yours).toEqual({ decisions: [], vote: 'approve' });
  });

  it('takes a vote in a channel for that of the person whom the user is linked to', () => {
    const vote = { vote_id: 'v', voter: 'grace', decision: 'approve', voted_by: { kind: 'human', actor_id: 'U1', source: 'slack', person: 'grace' }, also_known_as: ['grace', 'channel:slack:u1'], voted_at_ms: 5 } as const;
    const entry = shown(row({ approvals_required: 2, approvers: [{ kind: 'person', id: 'channel:slack:u1' }, { kind: 'person', id: 'Grace' }, { kind: 'person', id: 'Bob' }], votes: [vote] }));
    expect([entry.voting?.missing_people, entry.yours]).toEqual([['Bob'], { decisions: [], vote: 'approve' }]);
  });

  it('of a gate that was decided says by whom, when and why', () => {
    expect(shown(row({}, { status: 'decided', decision: 'rework', decided_by: { kind: 'human', actor_id: 'bob' }, decided_at_ms: 9, reason: 'wrong amount' }))).toMatchObject({
      status: 'decided', decision: 'rework', decided_by: { actor_id: 'bob' }, decided_at_ms: 9, decision_reason: 'wrong amount', yours: { decisions: [] },
    });
  });
});

describe('what is yours to decide', () => {
  const all = ['approve', 'rework', 'cancel'];
  const assertion: VerifiedTenantContext = {
    tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, human_actor: { actor_id: 'grace' }, authority_chain: { initiated_by: 'grace', executed_as: 'grace' },
    roles: [], org_units: [], capabilities: [], issuer: 'idp', audience: 'countersign', issued_at_ms: 1, expires_at_ms: now + 1000, assertion_id: 'a',
  };

  it('is what the gate takes, for a person with a right to the automation', () => {
    expect(decisionsOf(row())).toEqual(all);
    expect(decisionsOf(row({ decisions: ['approve'] }))).toEqual(['approve']);
    expect(decisionsOf(row({}, { may_change: false }))).toEqual([]);
  });

  it('is nothing for an agent', () => {
    expect(decisionsOf(row(), caller('bot', { actor: { kind: 'agent', actor_id: 'bot' } }))).toEqual([]);
  });

  it('is what names you, whatever your right to the automation', () => {
    const named = row({ approvers: [{ kind: 'person', id: 'GRACE' }, { kind: 'role', id: 'Lead' }] }, { may_change: false });
    expect(decisionsOf(named)).toEqual(all);
    expect(decisionsOf(named, caller('bob'))).toEqual([]);
    expect(decisionsOf(named, caller('bob', { memberships: { roles: ['lead'], groups: [] } }))).toEqual(all);
  });

  it('is to stop, but not to approve, what you asked for yourself', () => {
    expect(decisionsOf(row({ risk_tier: 'external_send' }), caller('ADA'))).toEqual(['rework', 'cancel']);
  });

  it('is nothing where your authority does not reach', () => {
    const regulated = row({ data_classes: ['regulated'] });
    expect(decisionsOf(regulated)).toEqual([]);
    expect(decisionsOf(regulated, caller('grace', { verified: assertion }))).toEqual([]);
    expect(decisionsOf({ ...regulated, tenant_source: 'local_implicit' })).toEqual(all);
  });

  it('is nothing any more when its time is over', () => {
    const expiring = row({ expires_at_ms: now, expiry_policy: { on_expiry: 'cancel' } }, { expires_at_ms: now });
    expect(decisionsOf(expiring, undefined, now - 1)).toEqual(all);
    expect(decisionsOf(expiring)).toEqual([]);
  });
});
