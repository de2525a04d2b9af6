import type { ChannelInteraction, GateDecision, GateOutcome, RpcReply, RunRecord } from '@cs/contracts';
import { settlementOf } from './decision-settlement.js';
import { pendingGate, runId, tenant } from './notification.fixture.js';

const opening = pendingGate().gate_opening_id;
const pressed = (decision: GateDecision = 'approve'): ChannelInteraction => ({
  channel_id: 'chat', tenant_context: { ...tenant, source: 'explicit' }, interaction_key: 'k', body_digest: 'd', user_id: 'U1', delivery_id: 'delivery-1', decision, actor: { kind: 'human', actor_id: 'U1' },
  run_id: runId, node_id: 'approve', approval_request_id: pendingGate().approval_request_id, gate_opening_id: opening,
});

const waiting = (votes: readonly GateDecision[], change: object = {}) => ({ checkpoint: { awaiting_gate: { ...pendingGate(), approvals_required: 2, votes: votes.map((decision) => ({ vote_id: 'v', voter: 'x', decision, voted_by: { kind: 'human' as const }, voted_at_ms: 1 })), ...change }, gate_history: [] } });
const decided = (decision: GateOutcome, gate_opening_id = opening) => ({ checkpoint: { gate_history: [{ gate_opening_id, decision }] } });
const said = (run: object): RpcReply<RunRecord> => ({ ok: true, value: run as RunRecord });
const refused = (code: string, details: Readonly<Record<string, unknown>> = {}): RpcReply<RunRecord> => ({ ok: false, refusal: { code, message: 'no', details: JSON.parse(JSON.stringify(details)) } });

describe('Channels: what the gate answers, for who pressed', () => {
  it.each<[GateDecision, readonly GateDecision[], string]>([
    ['approve', ['approve'], 'Your vote is recorded: 1 of 2 approvals. Others have to decide too.'],
    ['cancel', ['approve', 'cancel'], 'Your vote to cancel is recorded: 1 of 2 approvals. Others have to decide too.'],
    ['rework', ['rework'], 'Your vote to send back is recorded: 0 of 2 approvals. Others have to decide too.'],
  ])('a vote to %s that does not end the gate leaves it open, and is counted', (decision, votes, text) => {
    expect(settlementOf(said(waiting(votes)), pressed(decision))).toEqual({ outcome: 'decided', still_open: true, text });
  });

  it('the vote that ends the gate, and a gate that needs one person, are decided', () => {
    expect(settlementOf(said(decided('approve')), pressed())).toEqual({ outcome: 'decided', text: 'Approved.' });
    expect(settlementOf(said(decided('cancel')), pressed('cancel'))).toEqual({ outcome: 'decided', text: 'Cancelled.' });
  });

  it('a vote that ends the gate otherwise than it wanted is told how', () => {
    expect(settlementOf(said(decided('cancel')), pressed('rework'))).toEqual({ outcome: 'decided', text: 'Your vote to send back is recorded. The gate is decided: Cancelled.' });
  });

  it('another opening that waits, or was decided, says nothing of this one', () => {
    expect(settlementOf(said({ checkpoint: { ...waiting([], { gate_opening_id: 'another' }).checkpoint, ...decided('approve').checkpoint, awaiting_gate: { ...pendingGate(), gate_opening_id: 'another' } } }), pressed())).toEqual({ outcome: 'decided', text: 'Approved.' });
    expect(settlementOf(said(decided('cancel', 'another')), pressed())).toEqual({ outcome: 'decided', text: 'Your decision is recorded (approved).' });
  });

  it('what the archive has not confirmed is as the log says', () => {
    const behind = refused('ARCHIVE_BEHIND');
    expect(settlementOf(behind, pressed(), waiting(['approve']))).toMatchObject({ outcome: 'decided', still_open: true, text: expect.stringContaining('1 of 2') });
    expect(settlementOf(behind, pressed(), decided('approve'))).toEqual({ outcome: 'decided', text: 'Approved.' });
    expect(settlementOf(behind, pressed())).toEqual({ outcome: 'decided', text: 'Your decision is recorded (approved).' });
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['its own decision', { currentStatus: 'queued', winningDecision: { node_id: 'approve', gate_opening_id: opening, decision: 'cancel' } }, 'Already decided: Cancelled.'],
    ['its own decision, of a release that names no opening', { currentStatus: 'queued', winningDecision: { node_id: 'approve', decision: 'approve' } }, 'Already decided: Approved.'],
    ['the decision of another gate, in a run that was cancelled', { currentStatus: 'cancelled', winningDecision: { node_id: 'other', gate_opening_id: 'other:1', decision: 'approve' } }, 'This request is no longer open: the run was cancelled.'],
    ['the decision of an opening before it', { currentStatus: 'failed', winningDecision: { node_id: 'approve', gate_opening_id: 'earlier', decision: 'rework' } }, 'This request is no longer open: the run failed.'],
    ['no decision', { currentStatus: 'running' }, 'This request is no longer open.'],
  ])('a late press is told of %s', (_title, details, text) => {
    const code = 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL';
    expect(settlementOf(refused(code, details), pressed())).toEqual({ outcome: 'too_late', code, text });
  });

  it('a refusal says what was wrong and what to do; what nobody knows is no answer', () => {
    expect(settlementOf(refused('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN'), pressed())).toMatchObject({ outcome: 'refused', code: 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN' });
    expect(settlementOf(refused('SERVICE_UNAVAILABLE'), pressed())).toBeUndefined();
  });
});
