import { decideRun, recoveryOf, type RunCommand } from '@cs/automation-domain';
import type { RunCompensation } from '@cs/contracts';
import { executeCommand } from '@cs/eventing';
import { ada, nodes } from './in-memory-application.fixture.js';
import { executeCompensation, type CompensationOptions } from './execute-compensation.js';
import { runAggregate } from './run.aggregate.js';
import { Crash, StepWorld } from './step-world.fixture.js';

/** A run whose notification was refused, and whose compensation somebody may approve. */
class CompensatedRun extends StepWorld {
  run_id = '';

  async begin(action: Record<string, string> = {}): Promise<this> {
    this.answer = (step) => (step.url.endsWith('/notify') ? { kind: 'failed', failure: { kind: 'http_status', message: 'refused' }, effect: 'answered', retryable: false } : { kind: 'succeeded', output: { status: 200 } });
    const compensate = { action: { kind: 'http', method: 'POST', url: 'http://peer/undo', body: { undoes: '{{ compensates.effect_id }}' }, ...action } };
    await this.define('refunds', [{ ...(nodes.http('notify') as object), compensate }] as never);
    this.run_id = await this.startOf('refunds');
    await this.drive();
    return this;
  }

  get options(): CompensationOptions {
    const { eventing, definitions, evaluator } = this.app;
    return { eventing, definitions, evaluator, secrets: new Map<string, string>(), http: this, changes: { announce: () => undefined, listen: () => () => undefined }, claimantId: 'runner-1', newId: this.app.newId };
  }

  get compensationId(): string {
    return `compensation-${this.run_id}-notify-0`;
  }

  async compensation(): Promise<RunCompensation | undefined> {
    return recoveryOf(await this.app.run(this.run_id)).compensations[this.compensationId];
  }

  undo(): Promise<boolean> {
    return executeCompensation(this.options, this.refOf(this.run_id), { compensation_id: this.compensationId, signal: new AbortController().signal });
  }

  async decideBy(decision: 'approve' | 'cancel'): Promise<void> {
    const run = await this.app.run(this.run_id);
    const definition = await this.app.definitions.get(run.tenant_context, run.workflow_definition_snapshot_hash);
    const command: RunCommand = { type: 'decide_compensation', compensation_id: this.compensationId, decision, by: ada };
    await executeCommand(this.refOf(this.run_id), { eventing: this.app.eventing, aggregate: runAggregate, context: {}, decide: (state, at_ms) => decideRun(command, state, { at_ms, definition }) });
  }

  get undone() {
    return this.sent.filter(({ url }) => url.endsWith('/undo'));
  }
}

const begun = (action?: Record<string, string>) => new CompensatedRun().begin(action);

describe('executing a compensation', () => {
  it('sends nothing before a person has approved it', async () => {
    const world = await begun();
    expect([await world.undo(), world.undone.length, (await world.compensation())?.status]).toEqual([false, 0, 'proposed']);
  });

  it('sends its request under a key of its own, after its intent and before its receipt', async () => {
    const world = await begun();
    await world.decideBy('approve');
    let during: string | undefined;
    const { answer } = world;
    world.answer = async (step) => {
      during ??= (await world.compensation())?.status;
      return answer(step);
    };
    expect(await world.undo()).toBe(true);
    expect(world.undone).toMatchObject([{ url: 'http://peer/undo', body: { undoes: `${world.run_id}:notify:0` }, idempotency: { key: `${world.run_id}:notify:0:compensation` } }]);
    expect([during, (await world.compensation())?.status, await world.undo(), world.undone.length]).toEqual(['running', 'completed', false, 1]);
    expect(await world.compensation()).toMatchObject({ receipt_effect_id: `${world.run_id}:notify:0:compensation` });
  });

  it('is done once by two executors at once', async () => {
    const world = await begun();
    await world.decideBy('approve');
    expect((await Promise.all([world.undo(), world.undo(), world.undo()])).filter(Boolean)).toEqual([true]);
    expect(world.undone).toHaveLength(1);
  });

  it.each([['before its intent', 0, false], ['after its intent', 0, true], ['before its receipt', 1, false], ['after its receipt', 1, true]] as const)('a process that dies just %s leaves it to the next, under the same key', async (_when, write, after) => {
    const world = await begun();
    await world.decideBy('approve');
    world.crash = { at: world.writes + 1 + write, after };
    await expect(world.undo()).rejects.toThrow(Crash);
    world.crash = undefined;
    world.app.now += 301_000;
    await world.undo();
    expect((await world.compensation())?.status).toBe('completed');
    expect(new Set(world.undone.map(({ idempotency }) => idempotency?.key)).size).toBe(1);
  });

  it('that may not be sent twice is not, when whoever sent it died', async () => {
    const world = await begun({ idempotency: 'none' });
    await world.decideBy('approve');
    world.crash = { at: world.writes + 2, after: false };
    await expect(world.undo()).rejects.toThrow(Crash);
    world.crash = undefined;
    world.app.now += 301_000;
    await world.undo();
    expect([world.undone.length, (await world.compensation())?.failure]).toMatchObject([1, { outcome: 'unknown' }]);
  });

  it('says what went wrong: an expression that fails sends nothing', async () => {
    const world = await begun({ url: 'http://peer/{{ nodes.missing.output }}/undo' });
    await world.decideBy('approve');
    await world.undo();
    expect([world.undone.length, (await world.compensation())?.status, (await world.compensation())?.failure]).toMatchObject([0, 'failed', { kind: 'expression_failed', outcome: 'failed' }]);
  });
});
