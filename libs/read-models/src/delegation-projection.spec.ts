import { describe, expect, it } from '@jest/globals';
import type { Delegation, DelegationEvent, GateRefusalEvent, TenantContext } from '@cs/contracts';
import { mergeDelegations } from './delegation.projection.js';
import { LogHistory, person, project } from './log-history.fixture.js';

const tenant_context: TenantContext = { org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu', source: 'explicit' };
const delegation_id = `delegation-${'a'.repeat(32)}-${'b'.repeat(16)}`;
const delegation: Delegation = { delegation_id, delegator: 'bob', stand_in: 'dan', from_ms: 10, until_ms: 90, reason: 'on leave', scope: {}, set_by: person, set_at_ms: 5 };
const set: DelegationEvent = { event_type: 'delegation_set', data: { delegation, tenant_context } };
const used = (use: number): DelegationEvent => ({
  event_type: 'delegation_used', data: { delegation_id, tenant_context, run_id: 'run-1', node_id: 'sign', gate_opening_id: 'o', decision_id: `d${use}`, decision: 'approve', used_by: { kind: 'human', actor_id: 'dan' }, use },
});
const ended: DelegationEvent = { event_type: 'delegation_ended', data: { delegation_id, tenant_context, ended_by: person, reason: 'back' } };

const history = (events: readonly DelegationEvent[]): LogHistory => {
  const log = new LogHistory(tenant_context);
  for (const event of events) log.commit('delegation', 'a', { status: 'recorded', events: [event] });
  return log;
};

describe('the row of a delegation', () => {
  it('keeps what was set, counts its uses, and says how it ended', () => {
    expect(project(history([set, used(1), used(2), ended]).entries).delegations).toMatchObject([{
      org_id: 'acme', deployment_id: 'eu', delegation_id, delegator: 'bob', stand_in: 'dan', from_ms: 10, until_ms: 90, delegation, uses: 2, ended_by: person, end_reason: 'back', position: 4,
    }]);
  });

  it('is the same however its commits are batched', () => {
    const { entries } = history([set, used(1), ended]);
    expect(entries.flatMap((entry) => project([entry]).delegations).reduce(mergeDelegations)).toEqual(project(entries).delegations[0]);
  });

  it('and refusals about it are audited in the tenant\'s own chain', () => {
    const refused: GateRefusalEvent = { event_type: 'delegation_refused', data: { tenant_context, code: 'DELEGATION_ACCESS_DENIED', detail: 'no', request: 'set', delegator: 'bob', actor: person } };
    const log = history([set, used(1)]);
    log.commit('gate_refusal', 'r', { status: 'refused', events: [refused] });
    expect(project(log.entries).audit_records).toMatchObject([
      { deployment_id: 'eu', seq: 1, event_type: 'automation.governance.delegation_set', payload: { delegation: { delegator: 'bob', stand_in: 'dan' } } },
      { deployment_id: 'eu', seq: 2, event_type: 'automation.governance.delegation_used', payload: { delegationID: delegation_id, runID: 'run-1', usedBy: { actor_id: 'dan' } } },
      { deployment_id: 'eu', seq: 3, event_type: 'automation.governance.delegation_denied', payload: { code: 'DELEGATION_ACCESS_DENIED', request: 'set', delegator: 'bob' } },
    ]);
  });
});
