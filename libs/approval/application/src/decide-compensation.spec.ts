import { runAggregate } from '@cs/automation-application';
import { recoveryOf } from '@cs/automation-domain';
import type { CallContext, GovernanceActor, RunEvent } from '@cs/contracts';
import { executeCommand } from '@cs/eventing';
import { accept } from '@cs/kernel';
import { decideCompensation } from './decide-compensation.command-handler.js';
import { ada, callBy, person, refusalOf, tenant, WaitingRun, type WaitingOptions } from './decide-gate.fixture.js';

const compensation_id = 'compensation-automation-v2-run-1-sign-0';
const proposed: RunEvent = {
  event_type: 'compensation_proposed', data: { compensation_id, node_id: 'sign', effect_id: 'automation-v2-run-1:sign:0', outcome: 'failed', compensation_type: 'operator_review', approval_required: true },
};
const asked = (by: GovernanceActor): RunEvent => ({ event_type: 'compensation_moved', data: { compensation_id, from: 'proposed', to: 'awaiting_approval', reason: 'undo it', by } });

/** A run with a compensation that waits for its approval. */
const waiting = async (options: WaitingOptions = {}, asker: GovernanceActor = person('carol')): Promise<WaitingRun> => {
  const run = await WaitingRun.at(options);
  await executeCommand({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run.run_id }, { eventing: run.eventing, aggregate: runAggregate, context: {}, decide: () => accept<RunEvent>(proposed, asked(asker)) });
  return run;
};
const approve = (run: WaitingRun, context: CallContext = callBy(person('bob')), decision: 'approve' | 'cancel' = 'approve') => decideCompensation(run.options, context, { run_id: run.run_id, compensation_id, decision });
const statusOf = async (run: WaitingRun): Promise<string | undefined> => recoveryOf(await run.load()).compensations[compensation_id]?.status;
const risky = { risk_tier: 'money_movement_contract' };

describe('deciding a compensation', () => {
  it('is for a person, whose name is kept', async () => {
    const run = await waiting();
    expect(await approve(run)).toMatchObject({ ok: true, value: { compensation: { status: 'approved', approved_by: { actor_id: 'bob' } } } });
  });

  it('is refused to agents, and the refusal is kept', async () => {
    const run = await waiting();
    expect(refusalOf(await approve(run, callBy({ kind: 'agent', actor_id: 'helper' }))).code).toBe('AUTOMATION_V2_GATE_REQUIRES_HUMAN');
    expect([await statusOf(run), run.refusals().length]).toEqual(['awaiting_approval', 1]);
  });

  it('is refused to whoever asked for the run, where the node is consequential', async () => {
    const run = await waiting(risky);
    expect(refusalOf(await approve(run, callBy(ada))).code).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect((await approve(run, callBy(ada), 'cancel')).ok).toBe(true);
  });

  it('is refused to whoever asked for the compensation, where the node is consequential, and open to them elsewhere', async () => {
    expect(refusalOf(await approve(await waiting(risky), callBy(person('carol')))).code).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect((await approve(await waiting(), callBy(person('carol')))).ok).toBe(true);
  });

  it('asks for the authority that a gate of the node would ask for', async () => {
    const run = await waiting({ node: { data_classes: ['customer_data'] } });
    expect(refusalOf(await approve(run)).code).toBe('AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_REQUIRED');
  });

  it('answers another tenant as for a run that does not exist', async () => {
    const run = await waiting();
    const unknown = refusalOf(await decideCompensation(run.options, callBy(person('bob')), { run_id: 'automation-v2-run-9', compensation_id, decision: 'approve' }));
    for (const where of [{ org_id: 'other' }, { workspace_id: 'other' }, { deployment_id: 'other' }]) {
      const refusal = refusalOf(await approve(run, callBy(person('bob'), where)));
      expect([refusal.code, refusal.message.replace(run.run_id, '')]).toEqual([unknown.code, unknown.message.replace('automation-v2-run-9', '')]);
    }
  });

  it('is approved once when two approve at once: the first one is kept', async () => {
    const run = await waiting();
    const results = await Promise.all([approve(run), approve(run, callBy(person('dan')))]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    const moves = run.store.all().flatMap(({ commit }) => commit.events).filter(({ event_type }) => event_type === 'compensation_moved');
    expect(moves.map(({ data }) => (data as { readonly to: string }).to)).toEqual(['awaiting_approval', 'approved']);
  });

  it('says that the archive has not confirmed it yet, and holds', async () => {
    const run = await waiting();
    run.archive.reached = 0;
    expect(refusalOf(await approve(run)).code).toBe('ARCHIVE_BEHIND');
    expect(await statusOf(run)).toBe('approved');
  });
});
