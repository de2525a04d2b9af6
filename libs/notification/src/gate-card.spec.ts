import { cardSchema } from './card.schema.js';
import { decidedCard, openedCard } from './gate-card.js';
import { decisionOf, pendingGate, runId, tenant } from './notification.fixture.js';

const origin = { ...tenant, run_id: runId, automation_id: 'refund-order' };

describe('a gate card', () => {
  it('says what is asked, offers what the gate takes, and is bound to this opening', () => {
    const card = openedCard(origin, pendingGate({ instructions: 'Check the **amount**.', risk_tier: 'money' }));
    expect(cardSchema.parse(card)).toEqual(card);
    expect(card).toMatchObject({
      title: 'refund-order: Refund 12.50 to Ada', body_markdown: 'Check the **amount**.', status: 'pending', thread_key: runId,
      fields: [{ label: 'Run', value: runId }, { label: 'Source', value: 'automation_v2' }, { label: 'Workspace', value: 'ops' }, { label: 'Node', value: 'approve' }, { label: 'Risk', value: 'money' }],
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
});
