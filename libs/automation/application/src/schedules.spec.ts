import { loadAggregate, LogUnavailableError, type EventStore } from '@cs/eventing';
import { armSchedule } from './arm-schedule.command-handler.js';
import { requestRun } from './request-run.command-handler.js';
import { createAutomation, patchAutomation } from './store-automation.command-handler.js';
import { scheduleAggregate } from './schedule.aggregate.js';
import { automation, callBy, nodes, problemsOf, valueOf } from './in-memory-application.fixture.js';
import { automationRef, Triggers } from './triggers.fixture.js';

const every = (interval_seconds: number, misfire_policy: Record<string, number | string> = { type: 'run_once' }) => ({ schedule: { type: 'interval', interval_seconds, misfire_policy } });

const scheduled = async (extra = every(60)): Promise<Triggers> => {
  const triggers = new Triggers();
  await triggers.define(extra);
  await triggers.arm();
  await triggers.follow();
  return triggers;
};

const stateOf = async (triggers: Triggers) => (await loadAggregate({ store: triggers.store, aggregate: scheduleAggregate }, { ...automationRef, aggregate: 'schedule' })).state;

describe('storing a schedule', () => {
  const triggers = new Triggers();
  const store = (schedule: Record<string, string>, extra = {}) => createAutomation(triggers, callBy(), automation([nodes.transform('work', '1')], { schedule, ...extra }));

  it('refuses an expression that cannot be used, with its path and code', async () => {
    expect(problemsOf(await store({ type: 'cron', cron_expression: '61 * * * *' }))).toEqual([['schedule.cron_expression', 'schedule_cron_invalid']]);
    expect(problemsOf(await store({ type: 'cron', cron_expression: '0 0 30 2 *' }))).toEqual([['schedule.cron_expression', 'schedule_cron_invalid']]);
  });

  it('refuses an unknown time zone, with its path and code', async () => {
    expect(problemsOf(await store({ type: 'cron', cron_expression: '0 9 * * *', timezone: 'Mars/Olympus' }))).toEqual([['schedule.timezone', 'schedule_timezone_unknown']]);
  });

  it('refuses a schedule whose runs could not start for want of an input', async () => {
    expect(problemsOf(await store({ type: 'interval' }, { input_schema: { type: 'object', required: ['order'] } }))).toEqual([['schedule', 'schedule_input_invalid']]);
  });
});

describe('an armed schedule', () => {
  it('shows its next fire time in the answer that stores it', async () => {
    const triggers = new Triggers();
    const stored = valueOf(await createAutomation(triggers, callBy(), automation([nodes.transform('work', '1')], every(60))));
    expect(stored.automation).toMatchObject({ next_fire_at_ms: 1_060_000 });
    expect(stored.position).toBe(triggers.store.all().length);
  });

  it('has a timer at its next fire time, and none when its automation is not active', async () => {
    const triggers = await scheduled();
    expect(await stateOf(triggers)).toMatchObject({ status: 'armed', next_fire_at_ms: 1_060_000 });
    expect(triggers.timersSet).toEqual([1_060_000]);
    await triggers.change({ status: 'paused' });
    await triggers.arm();
    expect(await stateOf(triggers)).toMatchObject({ status: 'disarmed' });
    triggers.now = 2_000_000;
    await triggers.fire();
    await triggers.follow();
    expect(await triggers.runs()).toEqual([]);
  });

  it('follows the newest change of its automation, whoever is the last to write', async () => {
    const triggers = await scheduled();
    const { store } = triggers;
    await triggers.change({ status: 'paused' });
    // Between what is read of the automation and what is written of the schedule, the automation goes on, and its schedule is as it has to be.
    let isResumed = false;
    const slow: EventStore = {
      at: (position) => store.at(position), append: (...commit) => store.append(...commit),
      last: async (ref) => {
        if (ref.aggregate !== 'schedule' || isResumed) return await store.last(ref);
        isResumed = true;
        await triggers.change({ status: 'active' });
        expect(await stateOf(triggers)).toMatchObject({ status: 'armed' });
        return await store.last(ref);
      },
    };
    await armSchedule({ ...triggers.schedules, eventing: { ...triggers.eventing, store: slow } }, automationRef);
    expect([isResumed, await stateOf(triggers)]).toMatchObject([true, { status: 'armed' }]);
  });

  it('creates a scheduled run at its time, and sets the timer of the next one, aligned', async () => {
    const triggers = await scheduled();
    triggers.now = 1_060_400;
    await triggers.fire();
    await triggers.follow();
    expect(await triggers.runs()).toMatchObject([{ status: 'queued', trigger_type: 'scheduled', trigger_reason: 'due at 1970-01-01T00:17:40.000Z', automation_id: 'refunds', input: {} }]);
    expect(triggers.timersSet.at(-1)).toBe(1_120_000);
    expect(await stateOf(triggers)).toMatchObject({ next_fire_at_ms: 1_120_000, last_fired_at_ms: 1_060_400 });
  });

  it('fires a time once, however often its timer and the sweep say so, and at once', async () => {
    const triggers = await scheduled();
    triggers.now = 1_060_000;
    await Promise.all(Array.from({ length: 20 }, () => triggers.fire()));
    await triggers.follow(3);
    expect(await triggers.runs()).toHaveLength(1);
    expect(triggers.eventTypes('schedule')).toEqual(['schedule_armed', 'schedule_fired']);
  });

  it('has its run although the process died between the commit and the run', async () => {
    const triggers = await scheduled(every(60, { type: 'catch_up', max_runs: 3 }));
    triggers.now = 1_600_000;
    await triggers.fire();
    expect(await triggers.runs()).toEqual([]);
    // The commit is delivered to another runner; a second delivery finds the runs.
    await triggers.follow(2);
    const runs = await triggers.runs();
    expect(runs).toHaveLength(3);
    expect((await stateOf(triggers))?.last_run_ids).toEqual(runs.map(({ run_id }) => run_id));
  });

  it('waits for its time when its timer is early by the runner\'s clock', async () => {
    const { fireSchedule } = await import('./fire-schedule.command-handler.js');
    const triggers = await scheduled();
    triggers.now = 1_059_990;
    expect(await fireSchedule(triggers.schedules, automationRef, 1_060_000)).toEqual({ kind: 'retry-later', delayMs: 10, reason: 'the timer is early' });
    expect(await fireSchedule(triggers.schedules, automationRef, 1_000_000)).toEqual({ kind: 'done' });
  });

  it('fires the definition that is stored now, by the schedule that is stored now', async () => {
    const triggers = await scheduled();
    const { store } = triggers;
    // The process dies after the automation was stored and before its schedule was armed.
    const dying: EventStore = {
      last: (ref) => store.last(ref), at: (position) => store.at(position),
      append: (ref, ...commit) => (ref.aggregate === 'schedule' ? Promise.reject(new LogUnavailableError('gone')) : store.append(ref, ...commit)),
    };
    const options = { definitions: triggers.definitions, evaluator: triggers.evaluator, eventing: { ...triggers.eventing, store: dying } };
    valueOf(await patchAutomation(options, callBy(), { automation_id: 'refunds', patch: { name: 'Renamed', schedule: { type: 'interval', interval_seconds: 600 } } }));
    expect(await stateOf(triggers)).toMatchObject({ next_fire_at_ms: 1_060_000 });
    triggers.now = 1_060_000;
    await triggers.fire();
    expect(await triggers.runs()).toEqual([]);
    expect(await stateOf(triggers)).toMatchObject({ next_fire_at_ms: 1_660_000 });
  });
});

describe('misfires skip automations with queued/running runs', () => {
  it('as the log knows them from earlier fires, also when the database is away', async () => {
    const triggers = await scheduled(every(30));
    triggers.projected = false;
    triggers.now = 1_030_000;
    await triggers.fire();
    // Not even created yet.
    triggers.now = 1_060_000;
    await triggers.fire();
    await triggers.follow();
    triggers.now = 1_300_000;
    await triggers.fire();
    expect(triggers.eventTypes('schedule')).toEqual(['schedule_armed', 'schedule_fired', 'schedule_skipped', 'schedule_skipped']);
    await triggers.endAll();
    triggers.now = 1_360_000;
    await triggers.fire();
    await triggers.follow();
    expect(await triggers.runs()).toHaveLength(2);
  });

  it('as the projections know them, whoever started them', async () => {
    const triggers = await scheduled();
    valueOf(await requestRun(triggers, callBy(), { automation_id: 'refunds' }));
    triggers.now = 1_060_000;
    await triggers.fire();
    expect(triggers.eventTypes('schedule')).toEqual(['schedule_armed', 'schedule_skipped']);
  });

  it('but not for a run that has ended, which the projections do not know yet: the fire would be lost', async () => {
    const triggers = await scheduled();
    triggers.now = 1_060_000;
    await triggers.fire();
    await triggers.follow();
    triggers.endedUnseen.push(...(await triggers.runs()).map(({ run_id }) => run_id));
    await triggers.endAll();
    triggers.now = 1_120_000;
    await triggers.fire();
    expect(triggers.eventTypes('schedule')).toEqual(['schedule_armed', 'schedule_fired', 'schedule_fired']);
    await triggers.follow();
    // One that is behind them in the list still counts.
    triggers.now = 1_180_000;
    valueOf(await requestRun(triggers, callBy(), { automation_id: 'refunds' }));
    await triggers.end((await triggers.runs()).find(({ trigger_type, status }) => trigger_type === 'scheduled' && status === 'queued')?.run_id ?? '');
    await triggers.fire();
    expect(triggers.eventTypes('schedule').at(-1)).toBe('schedule_skipped');
  });
});
