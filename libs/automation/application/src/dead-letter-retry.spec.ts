import { recoveryOf } from '@cs/automation-domain';
import type { RunDeadLetter } from '@cs/contracts';
import { chooseRecovery } from './choose-recovery.command-handler.js';
import { ada, callBy, nodes, valueOf } from './in-memory-application.fixture.js';
import type { OperatorOptions } from './operate-run.command-handler.js';
import { StepWorld } from './step-world.fixture.js';
import { superviseRun } from './supervise-run.command-handler.js';

/** A run whose request is refused whenever it is sent, and whose dead letter an operator wants retried. */
class RefusedRun extends StepWorld {
  run_id = '';

  async begin(): Promise<this> {
    this.answer = () => ({ kind: 'failed', failure: { kind: 'http_status', message: 'refused' }, effect: 'answered', retryable: false });
    await this.define('refunds', [nodes.http('notify')]);
    this.run_id = await this.startOf('refunds');
    await this.drive();
    return this;
  }

  get options(): OperatorOptions {
    const { eventing, definitions, evaluator } = this.app;
    return { eventing, definitions, evaluator, changes: { announce: () => undefined, listen: () => () => undefined } };
  }

  async letter(): Promise<RunDeadLetter | undefined> {
    return Object.values(recoveryOf(await this.app.run(this.run_id)).dead_letters)[0];
  }

  async dispatch(org_id: string): Promise<boolean> {
    return superviseRun(this.options, { ...this.refOf(this.run_id), org_id }, { type: 'dispatch_retry', dead_letter_id: (await this.letter())?.dead_letter_id ?? '' });
  }
}

const retry = { choice: 'retry_failed_effect', reason: 'the peer is well' };

describe('the retry of a dead letter', () => {
  it('skips runs of other tenants: neither their operators nor the dispatcher in their name drive it', async () => {
    const world = await new RefusedRun().begin();
    const { writes, run_id } = world;
    for (const elsewhere of [{ org_id: 'other' }, { workspace_id: 'other' }, { deployment_id: 'eu' }]) {
      expect(await chooseRecovery(world.options, callBy(ada, elsewhere), { run_id, ...retry })).toMatchObject({ ok: false, refusal: { code: 'stateful_run_not_found' } });
    }
    expect([world.writes, (await world.letter())?.status, world.sent.length]).toEqual([writes, 'open', 1]);
    valueOf(await chooseRecovery(world.options, callBy(), { run_id, ...retry }));
    await world.drive();
    world.app.now += 300_000;
    const before = world.writes;
    expect([await world.dispatch('other'), world.writes]).toEqual([false, before]);
    expect(await world.dispatch(world.refOf(run_id).org_id)).toBe(true);
    await world.drive();
    expect([world.sent.length, (await world.letter())?.dispatches]).toEqual([3, 2]);
  });
});
