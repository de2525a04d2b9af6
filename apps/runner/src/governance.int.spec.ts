import { randomUUID } from 'node:crypto';
import { addGrant, createGoverned, launchGoverned, revokeGrant, type GovernedOptions } from '@cs/automation-application';
import type { Json, Result } from '@cs/kernel';
import { eventually } from '@cs/testing';
import { context, RealLogRunner } from './real-log-runner.fixture.js';

const automation_id = 'pay-out';
const grant_id = 'capability-payments';
const rounds = 60;

const valueOf = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};
/** Lets the process work for as long; timers are too coarse. */
const spend = async (ms: number): Promise<void> => {
  for (const end = performance.now() + ms; performance.now() < end; ) await new Promise((resolve) => setImmediate(resolve));
};

describe('dependency revocation pauses queued runs, on a real log', () => {
  let world: RealLogRunner;
  let options: GovernedOptions;

  beforeAll(async () => {
    world = await RealLogRunner.start({ deaf: true });
    options = { ...world.operator, newId: randomUUID };
    const definition: Json = {
      automation_id, name: automation_id, status: 'active', metadata: { governance: { declared_capabilities: ['payments'] } },
      flow: { nodes: [{ node_id: 'pay', objective: 'pay', action: { kind: 'http', method: 'POST', url: 'http://peer/{{ run.run_id }}/pay' } }] },
    };
    valueOf(await createGoverned(options, context, { definition }));
    await grantAgain();
  }, 60_000);
  afterAll(() => world.stop());

  const revoke = async (): Promise<number> => valueOf(await revokeGrant(options, context, { automation_id, grant_id })).position;
  const grantAgain = async (): Promise<void> => void valueOf(await addGrant(options, context, { automation_id, kind: 'capability', capability: 'payments' }));

  it('a run is never admitted by stale governance: nothing is sent by a run that was claimed after the revocation', async () => {
    const outcomes = { sent: 0, prevented: 0 };
    // On a busy machine one side may win for long.
    for (let round = 0; round < rounds || (round < 10 * rounds && Math.min(outcomes.sent, outcomes.prevented) === 0); round += 1) {
      const { run } = valueOf(await launchGoverned(options, context, { automation_id }));
      await spend((round % 12) * 0.8 * (1 + Math.floor(round / rounds)));
      const revoked = await revoke();
      const settled = await world.settled(run.run_id, 'paused', 'completed');
      const claimed = await eventually(() => world.claimPosition(run.run_id));
      const sent = world.peer.sentTo(run.run_id).length;
      if (claimed > revoked) expect([settled.status, sent]).toEqual(['paused', 0]);
      outcomes[sent > 0 ? 'sent' : 'prevented'] += 1;
      await grantAgain();
    }
    expect(outcomes.sent).toBeGreaterThan(0);
    expect(outcomes.prevented).toBeGreaterThan(0);
  }, 240_000);
});
