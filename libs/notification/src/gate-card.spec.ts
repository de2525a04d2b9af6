import type { GateVote, PendingGate } from '@cs/contracts';
import { cardSchema, type Card } from './card.schema.js';
import { closedCard, decidedCard, escalatedCard, openedCard, remindedCard, votedCard } from './gate-card.js';
import { decisionOf, pendingGate, runId, tenant } from './notification.fixture.js';

const origin = { ...tenant, run_id: runId, automation_id: 'refund-order' };

describe('a gate card', () => {
  it('says what is asked, offers what the gate takes, and is bound to this opening', () => {
    const card = openedCard(origin, pendingGate({ instructions: 'Check the **amount**.', risk_tier: 'money' }));
    expect(cardSchema.parse(card)).toEqual(card);
    expect(card).toMatchObject({
      title: 'refund-order: Refund 12.50 to Ada', body_markdown: 'Check the **amount**.', status: 'pending', thread_key: runId,
      fields: [{ label: 'Risk', value: 'money' }, { label: 'Run', value: runId }, { label: 'Source', value: 'automation_v2' }, { label: 'Workspace', value: 'ops' }, { label: 'Node', value: 'approve' }],
      actions: [{ decision: 'approve', style: 'primary', requires_reason: false }, { decision: 'rework', style: 'default', requires_reason: true }],
      correlation: { request_id: `automation_v2:${runId}:approve`, gate_opening_id: `automation_v2:${runId}:approve:1`, run_id: runId, node_id: 'approve', org_id: 'acme' },
    });
  });

  it('offers every decision when the gate names none, and has a sentence when there are no instructions', () => {
    const card = openedCard(origin, pendingGate({ decisions: [] }));
    expect(card.actions.map(({ decision }) => decision)).toEqual(['approve', 'rework', 'cancel']);
    expect(card.body_markdown).toContain('waits for a decision');
  });

  it('tells who decided what and why, and offers nothing any more', () => {
    const card = decidedCard(openedCard(origin, pendingGate()), decisionOf('rework', 'wrong amount'));
    expect(card).toMatchObject({ status: 'rework', actions: [], summary: 'Sent back for rework by grace.\nReason: wrong amount', title: 'refund-order: Refund 12.50 to Ada' });
    expect(decidedCard(openedCard(origin, pendingGate()), decisionOf('approve')).summary).toBe('Approved by grace.');
    expect(decidedCard(openedCard(origin, pendingGate()), decisionOf('approve'))).toMatchObject({ settled_at_ms: 2, actions: [] });
  });

  it('tells who decided by person and channel, where a user is linked to a person', () => {
    const record = { ...decisionOf('approve'), decided_by: { kind: 'human' as const, source: 'slack', actor_id: 'channel:slack:T1:A1:U1', person: 'ada' } };
    expect(decidedCard(openedCard(origin, pendingGate()), record).summary).toBe('Approved by ada via Slack.');
  });

  it('names an unlinked user of a channel as the channel does, with their id', () => {
    const record = { ...decisionOf('approve'), decided_by: { kind: 'human' as const, source: 'discord', actor_id: '2001', display_name: 'Ada' } };
    expect(decidedCard(openedCard(origin, pendingGate()), record).summary).toBe('Approved by Ada (2001) via Discord.');
  });

  it('tells for whom a stand-in decided', () => {
    const record = { ...decisionOf('approve'), on_behalf_of: { person: 'bob', stand_in: 'grace', delegation_id: `delegation-${'0'.repeat(32)}-${'1'.repeat(16)}` } };
    expect(decidedCard(openedCard(origin, pendingGate()), record).summary).toBe('Approved by grace for bob.');
  });

  it('holds no credential in any text, also where a text is cut', () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const gate = pendingGate({ title: `Use ${token}`, instructions: `${'x '.repeat(1_990)}${token}${' y'.repeat(100)}`, risk_tier: token });
    const card = JSON.stringify(decidedCard(openedCard(origin, gate), decisionOf('cancel', `because ${token}`)));
    expect(card).toContain('[redacted]');
    expect(card).not.toContain('ghp_');
  });

  it('names the automation as people do, where the log says how', () => {
    expect(openedCard({ ...origin, automation_name: 'Refund an order' }, pendingGate()).title).toBe('Refund an order: Refund 12.50 to Ada');
  });

  it('holds no path of a host', () => {
    const gate = pendingGate({ title: 'Deploy /srv/app/bin', instructions: 'Logs: /var/log/app.log', releases: [{ node_id: 'pay', action_kind: 'worker', arguments: { file: 'see\n/home/ada/x', url: 'https://x.example/home/1' } }] });
    const card = openedCard(origin, gate);
    expect([card.title, card.body_markdown, valueOf(card, 'On approval')]).toEqual(['refund-order: Deploy [path]', 'Logs: [path]', 'pay: {"file":"see\\n[path]","url":"https://x.example/home/1"}']);
  });

  it('says where a text was cut', () => {
    const long = 'word '.repeat(2_000);
    const card = openedCard({ ...origin, public_url: 'https://c.example' }, pendingGate({ instructions: long, releases: [{ node_id: 'pay', action_kind: 'worker', arguments: { long } }] }));
    expect(card.body_markdown).toMatch(/… \(shortened: the page shows all of it\)$/);
    expect(card.body_markdown.length).toBeLessThanOrEqual(4_000);
    expect(valueOf(card, 'On approval')).toMatch(/^pay: \{"long":"word .*… \(shortened\)$/);
    expect(openedCard(origin, pendingGate({ instructions: long })).body_markdown).toMatch(/… \(shortened\)$/);
  });
});

const valueOf = ({ fields }: Card, label: string): string | undefined => fields.find((field) => field.label === label)?.value;

const vote = (voter: string, decision: GateVote['decision'], reason?: string): GateVote => ({
  vote_id: voter, voter, decision, voted_by: { kind: 'human', actor_id: voter }, voted_at_ms: 3, ...(reason === undefined ? {} : { reason }),
});

describe('what an approver needs', () => {
  const whole: PendingGate = pendingGate({
    releases: [{ node_id: 'pay', action_kind: 'http', arguments: { method: 'POST', url: 'https://bank.example/pay', body: { amount: 12.5, token: `ghp_${'a1B2'.repeat(9)}` } } }, { node_id: 'tell', action_kind: 'automation', note: 'its arguments are not known yet' }],
    expires_at_ms: 86_400_000, data_classes: ['customer_data', 'financial_record'], approvers: [{ kind: 'person', id: 'ada' }, { kind: 'role', id: 'finance-lead' }], approvals_required: 2,
    policy: { decision_id: 'd', reason_code: 'r', reason: 'money leaves the house', elevated: false, policy_version: 'v' },
    reopened_because: { node_id: 'pay', approved_digest: `sha256:${'0'.repeat(64)}`, actual_digest: `sha256:${'1'.repeat(64)}`, differences: [{ path: '/body/amount', approved: 12, actual: 12.5 }] },
  });
  const card = openedCard({ ...origin, requested_by: { kind: 'agent', actor_id: 'planner' } }, whole);

  it.each([
    ['On approval 1', 'pay: POST https://bank.example/pay with {"amount":12.5,"token":"[redacted]"}'],
    ['On approval 2', 'tell: its arguments are not known yet'],
    ['Asks again', 'pay is not what had been approved: /body/amount: approved 12, now 12.5'],
    ['Why', 'A policy asks for an approval: money leaves the house'],
    ['Until', '1970-01-02 00:00 UTC; then the run is cancelled'],
    ['Asked by', 'planner (agent)'],
    ['May decide', 'ada, role finance-lead; whoever asked may not approve'],
    ['Approvals', 'takes 2 people, by veto'],
    ['Data', 'customer_data, financial_record'],
  ])('is on the card: %s', (label, value) => {
    expect(valueOf(card, label)).toBe(value);
  });

  it('leaves out what the gate does not have', () => {
    expect(openedCard(origin, pendingGate()).fields.map(({ label }) => label)).toEqual(['Run', 'Source', 'Workspace', 'Node']);
  });

  it.each([
    [{ on_expiry: 'resume' as const }, 'then the run goes on as if approved'], [{ on_expiry: 'remind' as const }, 'then it asks again'],
    [{ on_expiry: 'escalate' as const, escalate_to: ['lead', 'boss'] }, 'then lead is asked'], [{ on_expiry: 'escalate' as const }, 'then somebody else is asked'],
  ])('says what happens when nobody decides: %j', (expiry_policy, then) => {
    expect(valueOf(openedCard(origin, pendingGate({ expires_at_ms: 0, expiry_policy })), 'Until')).toBe(`1970-01-01 00:00 UTC; ${then}`);
  });

  it('counts the steps and the differences that it does not show', () => {
    const many = Array.from({ length: 9 }, (_none, index) => ({ node_id: `n${index}`, action_kind: 'http', arguments: { url: 'https://x.example' } }));
    const differences = Array.from({ length: 20 }, (_none, index) => ({ path: `/${index}`, approved: 1 }));
    const { fields } = openedCard(origin, pendingGate({ releases: many, reopened_because: { node_id: 'pay', approved_digest: `sha256:${'0'.repeat(64)}`, actual_digest: `sha256:${'1'.repeat(64)}`, differences } }));
    expect(fields.map(({ label, value }) => `${label}: ${value}`)).toEqual(expect.arrayContaining(['On approval: 4 more steps; the page shows them', expect.stringMatching(/^Asks again: .*\/9: approved 1, now nothing; and 10 more$/)]));
  });

  it('shows votes and time as they are when it asks again, and leaves out what it cannot know', () => {
    const now = { ...whole, votes: [vote('ada', 'approve'), vote('eve', 'cancel')], expires_at_ms: 172_800_000, expiry_policy: { on_expiry: 'escalate' as const, escalate_to: 'lead' }, policy_state: { escalations: 1, reminder_count: 0 } };
    const again = escalatedCard(card, { escalated_to: 'lead', escalations: 1 }, now);
    expect([again.votes, valueOf(again, 'Approvals'), valueOf(again, 'Until'), valueOf(again, 'Asked by')]).toEqual(['1 of 2 approvals: ada; against: eve (cancel)', 'takes 2 people, by veto', '1970-01-03 00:00 UTC; after that it stays open', 'planner (agent)']);
    const blind = remindedCard(card, { reminder_count: 1, expires_at_ms: 1, expired_reminder: true }, undefined);
    expect([blind.votes, valueOf(blind, 'Approvals'), valueOf(blind, 'Until'), valueOf(blind, 'Data')]).toEqual([undefined, 'takes 2 people, by veto', undefined, 'customer_data, financial_record']);
  });

  it('says who approved when somebody votes, keeps its buttons, and goes on saying what time did last', () => {
    const voted = { ...whole, votes: [vote('ada', 'approve')], expires_at_ms: 172_800_000 };
    expect(card.votes).toBeUndefined();
    expect(votedCard(card, voted)).toMatchObject({ status: 'pending', votes: '1 of 2 approvals: ada', actions: card.actions });
    expect(votedCard(card, voted)).not.toHaveProperty('attention');
    const escalated = { ...voted, policy_state: { escalations: 1, escalated_to: 'lead', escalated_at_ms: 5, reminder_count: 2, last_reminded_at_ms: 4 } };
    expect(votedCard(card, escalated).attention).toBe('Escalated to lead (1): nobody decided in time.');
    expect(votedCard(card, { ...escalated, policy_state: { ...escalated.policy_state, last_reminded_at_ms: 6 } }).attention).toBe('Reminder 2: this still waits for a decision, until 1970-01-03 00:00 UTC.');
    expect(openedCard(origin, voted).votes).toBe('1 of 2 approvals: ada');
    expect(openedCard(origin, pendingGate({ votes: [vote('ada', 'approve')] })).votes).toBeUndefined();
    for (const settled of [decidedCard(openedCard(origin, voted), decisionOf('approve')), closedCard(openedCard(origin, voted), 'x')]) expect(settled.votes).toBeUndefined();
  });

  it('names twenty who approved, and counts the others', () => {
    const votes = Array.from({ length: 23 }, (_none, index) => vote(`p${index}`, 'approve'));
    expect(openedCard(origin, { ...whole, approvals_required: 30, votes }).votes).toMatch(/^23 of 30 approvals: p0, .*p19, and 3 more$/);
  });

  it('keeps what was released when it is settled, and waits for nothing any more', () => {
    for (const settled of [decidedCard(card, decisionOf('approve')), closedCard(card, 'x')]) {
      expect(settled.fields.map(({ label }) => label)).toEqual(['On approval 1', 'On approval 2', 'Asks again', 'Why', 'Asked by', 'Data', 'Run', 'Source', 'Workspace', 'Node']);
    }
  });

  it('names everybody whose vote decided, who voted otherwise, and their reasons', () => {
    const votes = [vote('ada', 'approve', 'It fits.'), vote('eve', 'cancel'), { ...vote('bob', 'approve', 'Fine.'), on_behalf_of: { person: 'bob', stand_in: 'grace', delegation_id: `delegation-${'0'.repeat(32)}-${'1'.repeat(16)}` }, voted_by: { kind: 'human' as const, actor_id: 'grace' } }];
    expect(decidedCard(card, { ...decisionOf('approve', 'Fine.'), votes }).summary).toBe('Approved by ada and grace for bob.\nReason: Fine.\nVoted otherwise: eve (cancel)\nada: It fits.');
    expect(decidedCard(card, { ...decisionOf('approve'), decision: 'expired', decided_by: { kind: 'system' }, votes: [vote('ada', 'approve')] }).summary).toBe('Expired: nobody decided in time.\nVoted: ada (approve)');
  });
});
