import { consumeHandoff } from './consume-handoff.command-handler.js';
import { approveHandoff, depositHandoff } from './handoff.command-handlers.js';
import { callBy, refusalOf, valueOf } from './in-memory-application.fixture.js';
import { automationRef, Triggers } from './triggers.fixture.js';
import { evaluateWatch } from './watch.command-handlers.js';

const watching = async (extra = {}): Promise<Triggers> => {
  const triggers = new Triggers();
  await triggers.define({ watch_conditions: [{ artifact_type: 'order' }], ...extra });
  return triggers;
};

const deposit = async (triggers: Triggers, extra = {}) => {
  triggers.now += 1;
  return valueOf(await depositHandoff(triggers, callBy(), { automation_id: 'refunds', artifact_type: 'order', ...extra })).handoff;
};

const handoffRef = (id: string) => ({ ...automationRef, aggregate: 'handoff', id }) as const;

describe('a handoff', () => {
  it('is approved by its deposit, or waits for an operator where its target says so', async () => {
    expect(await deposit(await watching())).toMatchObject({ status: 'approved', target_automation_id: 'refunds' });
    const triggers = await watching({ handoff_config: { auto_approve: false } });
    const { handoff_id, status } = await deposit(triggers);
    expect(status).toBe('inbox');
    await triggers.follow();
    expect(await triggers.runs()).toEqual([]);
    const approve = () => approveHandoff(triggers, callBy(), { automation_id: 'refunds', handoff_id });
    expect(valueOf(await approve()).handoff.status).toBe('approved');
    await triggers.follow();
    expect(await triggers.runs()).toHaveLength(1);
    expect(valueOf(await approve()).handoff.status).toBe('archived');
  });

  it('is approved by people only, and is not there for other automations and tenants', async () => {
    const triggers = await watching({ handoff_config: { auto_approve: false } });
    const { handoff_id } = await deposit(triggers);
    const approve = (context = callBy(), automation_id = 'refunds') => approveHandoff(triggers, context, { automation_id, handoff_id });
    expect(refusalOf(await approve(callBy({ kind: 'agent', actor_id: 'bot' }))).code).toBe('AUTOMATION_V2_HANDOFF_REQUIRES_HUMAN');
    expect(refusalOf(await approve(callBy(), 'other')).code).toBe('AUTOMATION_V2_HANDOFF_NOT_FOUND');
    for (const other of [{ org_id: 'evil' }, { workspace_id: 'other' }, { deployment_id: 'eu' }]) {
      expect(refusalOf(await approve(callBy(undefined, other))).code).toBe('AUTOMATION_V2_HANDOFF_NOT_FOUND');
      expect(refusalOf(await depositHandoff(triggers, callBy(undefined, other), { automation_id: 'refunds', artifact_type: 'order' })).code).toBe('AUTOMATION_V2_NOT_FOUND');
    }
  });

  it('is deposited once per idempotency key, and the key cannot be used for another', async () => {
    const triggers = await watching();
    const first = await deposit(triggers, { command_id: 'k', metadata: { a: 1 } });
    await triggers.follow();
    expect(await deposit(triggers, { command_id: 'k', metadata: { a: 1 } })).toMatchObject({ handoff_id: first.handoff_id, created_at_ms: first.created_at_ms, status: 'archived' });
    expect(refusalOf(await depositHandoff(triggers, callBy(), { automation_id: 'refunds', artifact_type: 'order', command_id: 'k' })).code).toBe('IDEMPOTENCY_KEY_REUSED');
    await triggers.follow();
    expect(await triggers.runs()).toHaveLength(1);
  });

  it('is refused at its deposit when the run that takes it would refuse its input', async () => {
    const triggers = await watching({ input_schema: { type: 'object', properties: { handoff: { type: 'object', required: ['content_path'] } } } });
    expect(refusalOf(await depositHandoff(triggers, callBy(), { automation_id: 'refunds', artifact_type: 'order' }))).toMatchObject({ code: 'AUTOMATION_V2_INPUT_INVALID', details: { problems: [{ path: 'input.handoff.content_path' }] } });
    expect(await deposit(triggers, { content_path: 'out/a.json' })).toMatchObject({ status: 'approved' });
  });

  it('is consumed exactly once by 20 concurrent consumers; consuming a consumed one returns nothing, no error', async () => {
    const triggers = await watching({ watch_conditions: [] });
    const { handoff_id } = await deposit(triggers);
    const consume = (run: number) => consumeHandoff(triggers.eventing, handoffRef(handoff_id), { run_id: `run-${run}`, automation_id: 'refunds' });
    const taken = await Promise.all(Array.from({ length: 20 }, (_none, run) => consume(run)));
    expect(taken.filter((handoff) => handoff !== undefined)).toHaveLength(1);
    const winner = taken.findIndex((handoff) => handoff !== undefined);
    expect(await consume(winner)).toMatchObject({ handoff_id });
    expect(await consume(99)).toBeUndefined();
    expect(triggers.eventTypes('handoff')).toEqual(['handoff_deposited', 'handoff_consumed']);
    expect(await triggers.handoffRecords()).toMatchObject([{ status: 'archived', consumed_by_run_id: `run-${winner}`, consumed_by_automation_id: 'refunds' }]);
  });
});

describe('a watch condition', () => {
  it('starts a strict run that names the handoff and has it as its input', async () => {
    const triggers = await watching();
    const handoff = await deposit(triggers, { source_automation_id: 'triage', content_path: 'out/a.json' });
    await triggers.follow();
    const [run] = await triggers.runs();
    expect(run).toMatchObject({
      status: 'queued', trigger_type: 'watch_condition', trigger_reason: `handoff ${handoff.handoff_id} (order) from triage`, consumed_handoff_id: handoff.handoff_id,
      effective_execution_profile: 'strict', input: { handoff: { handoff_id: handoff.handoff_id, content_path: 'out/a.json' } },
    });
    expect(await triggers.handoffRecords()).toMatchObject([{ status: 'archived', consumed_by_run_id: run?.run_id }]);
  });

  it('takes only what fits all of one condition', async () => {
    const triggers = await watching({ watch_conditions: [{ artifact_type: 'order', source_automation_id: 'triage' }, { artifact_type: 'note' }] });
    for (const extra of [{}, { source_automation_id: 'other' }, { artifact_type: 'invoice', source_automation_id: 'triage' }]) await deposit(triggers, extra);
    await triggers.follow();
    expect(await triggers.runs()).toEqual([]);
    await deposit(triggers, { source_automation_id: 'triage' });
    await triggers.follow();
    expect(await triggers.runs()).toHaveLength(1);
  });

  it('takes one handoff at a time, the oldest first, and the next when the run has ended', async () => {
    const triggers = await watching();
    const deposited = [];
    for (let index = 0; index < 3; index += 1) deposited.push((await deposit(triggers)).handoff_id);
    for (let index = 0; index < 3; index += 1) {
      await triggers.follow();
      expect((await triggers.runs()).map((run) => run.consumed_handoff_id)).toEqual(deposited.slice(0, index + 1));
      await triggers.endAll();
      await evaluateWatch(triggers.watches, automationRef, { position: 0 });
    }
  });

  it('starts one run when several runners look at once', async () => {
    const triggers = await watching();
    for (let index = 0; index < 5; index += 1) await deposit(triggers);
    await Promise.all((await triggers.handoffRecords()).map(({ handoff_id }) => evaluateWatch(triggers.watches, automationRef, { position: 0, handoff_id })));
    await triggers.follow(2);
    expect(await triggers.runs()).toHaveLength(1);
    expect(triggers.eventTypes('watch')).toEqual(['watch_triggered']);
  });

  it('completes what a dead process began: between the trigger and the consumption, and between the consumption and the run', async () => {
    for (const consumed of [false, true]) {
      const triggers = await watching();
      const { handoff_id } = await deposit(triggers);
      await evaluateWatch(triggers.watches, automationRef, { position: 0, handoff_id });
      const [, , trigger] = triggers.store.all().slice(-3);
      const run_id = (trigger?.commit.events[0]?.data as { run_id: string }).run_id;
      if (consumed) expect(await consumeHandoff(triggers.eventing, handoffRef(handoff_id), { run_id, automation_id: 'refunds' })).toBeDefined();
      expect(await triggers.runs()).toEqual([]);
      await triggers.follow(2);
      expect(await triggers.runs()).toMatchObject([{ run_id, consumed_handoff_id: handoff_id }]);
      expect(triggers.eventTypes('handoff')).toEqual(['handoff_deposited', 'handoff_consumed']);
    }
  });

  it('is looked at when its automation becomes active, and by the log alone when the database is away', async () => {
    const triggers = await watching({ status: 'paused' });
    await deposit(triggers);
    await triggers.follow();
    expect(await triggers.runs()).toEqual([]);
    await triggers.change({ status: 'active' });
    await evaluateWatch(triggers.watches, automationRef, { position: 0 });
    await triggers.follow();
    expect(await triggers.runs()).toHaveLength(1);
    await triggers.endAll();
    triggers.projected = false;
    await deposit(triggers);
    await triggers.follow();
    expect(await triggers.runs()).toHaveLength(2);
  });
});
