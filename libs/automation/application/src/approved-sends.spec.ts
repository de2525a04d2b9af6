import { decideRun } from '@cs/automation-domain';
import { executeCommand } from '@cs/eventing';
import { nodes, tenant } from './in-memory-application.fixture.js';
import { runAggregate } from './run.aggregate.js';
import { InMemoryExecution } from './run-executor.fixture.js';

const { http, gate, transform } = nodes;

/** A run that waits at a gate before it sends something. */
const atGate = async () => {
  const execution = new InMemoryExecution();
  const run = await execution.start([transform('look_up', '1'), gate('sign', ['look_up'], { gate: { required: true, rework_targets: ['look_up'] } }), http('send', {}, ['sign'])]);
  const { app } = execution;
  const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run } as const;
  const goOn = async () => await execution.execute(execution.messages(run).at(-1));
  const decide = async (decision: string) => {
    const { workflow_definition_snapshot_hash } = await app.run(run);
    const definition = await app.definitions.get(tenant, workflow_definition_snapshot_hash);
    const result = await executeCommand(ref, {
      eventing: app.eventing, aggregate: runAggregate, context: {},
      decide: (state, at_ms) => decideRun({ type: 'decide_gate', decision, decision_id: `${decision}-${at_ms}`, decided_by: { kind: 'human', actor_id: 'bob' } }, state, { at_ms, definition }),
    });
    expect(result.kind).toBe('accepted');
  };
  await goOn();
  return { execution, run, goOn, decide, state: () => app.run(run), sent: () => execution.sent.length };
};

describe('what a gate holds back', () => {
  it('Approve path sends once, however often the message is delivered', async () => {
    const { execution, run, goOn, decide, state, sent } = await atGate();
    expect([sent(), (await state()).status]).toEqual([0, 'awaiting_approval']);
    await decide('approve');
    await goOn();
    for (const message of execution.messages(run)) await execution.execute(message, { by: 'runner-2', redelivered: true });
    expect([sent(), (await state()).status]).toEqual([1, 'completed']);
  });

  it('cancel never sends, also when an older message is delivered again', async () => {
    const { execution, run, decide, state, sent } = await atGate();
    await decide('cancel');
    for (const message of execution.messages(run)) await execution.execute(message, { by: 'runner-2', redelivered: true });
    expect([sent(), (await state()).status]).toEqual([0, 'cancelled']);
  });

  it('rework re-arms and the second approval releases the send', async () => {
    const { goOn, decide, state, sent } = await atGate();
    const first = (await state()).checkpoint.awaiting_gate?.gate_opening_id;
    await decide('rework');
    await goOn();
    const { status, checkpoint } = await state();
    expect([sent(), status, checkpoint.awaiting_gate?.gate_opening_id === first]).toEqual([0, 'awaiting_approval', false]);
    await decide('approve');
    await goOn();
    expect([sent(), (await state()).status, (await state()).checkpoint.gate_history.map(({ decision }) => decision)]).toEqual([1, 'completed', ['rework', 'approve']]);
  });

  it('provider failure after approval does not ask again: it is sent again under the same key', async () => {
    const { execution, run, goOn, decide, state, sent } = await atGate();
    execution.answer = () => (sent() === 1 ? { kind: 'failed', failure: { kind: 'http_status', message: 'the peer answered 503' }, effect: 'answered', retryable: true } : { kind: 'succeeded', output: 1 });
    await decide('approve');
    await goOn();
    expect((await state()).status).not.toBe('awaiting_approval');
    await execution.fireTimers(run);
    await goOn();
    expect([sent(), (await state()).status, (await state()).checkpoint.gate_history.length]).toEqual([2, 'completed', 1]);
    expect(new Set(execution.sent.map((step) => step.idempotency?.key)).size).toBe(1);
  });
});
