import { holdOf } from '@cs/automation-domain';
import { AdmissionWorld } from './admission-world.fixture.js';
import { holdWhilePaused } from './automation-pause.js';
import { examineHeld, type HeldRunsOptions } from './held-runs.js';
import { tenant } from './in-memory-application.fixture.js';
import { RunAdmission } from './run-admission.js';

const refOf = (id: string) => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id }) as const;

/** A run that was held because its automation was paused, and an automation whose status the test says. */
const heldByPause = async () => {
  const world = new AdmissionWorld();
  await world.define({});
  const [id = ''] = await world.start(1);
  let status = 'paused';
  const automations = { statusOf: () => Promise.resolve(status), readStatus: () => Promise.resolve(status) };
  const run = await world.app.run(id);
  const definition = await world.app.definitions.get(tenant, run.workflow_definition_snapshot_hash);
  await holdWhilePaused({ ...world.app, automations }, { ref: refOf(id), definition, automation_id: 'refunds', queued_version: run.queued_at_version });
  const options: HeldRunsOptions = { eventing: world.app.eventing, definitions: world.app.definitions, automations, admission: { recheck: () => Promise.reject(new Error('nothing limits it')) } };
  return { world, id, run: () => world.app.run(id), examine: () => examineHeld(options, refOf(id)), become: (next: string) => void (status = next) };
};

/** A run that is held by a limit, after the message or timer that would have let it go on was lost. */
const heldByLimit = async (execution: AdmissionLimits) => {
  const world = new AdmissionWorld();
  await world.define({ execution });
  const ids = await world.start(2);
  await world.drive({ timers: false });
  const [id = ''] = ids.filter((each) => each !== world.begun[0]?.runId);
  const { app } = world;
  const scheduled: number[] = [];
  const admission = new RunAdmission({ eventing: app.eventing, definitions: app.definitions, timers: { schedule: (_ref, _wait, due) => Promise.resolve(void scheduled.push(due)) } });
  const automations = { statusOf: () => Promise.resolve('active'), readStatus: () => Promise.resolve('active') };
  return { world, id, scheduled, examine: () => examineHeld({ eventing: app.eventing, definitions: app.definitions, automations, admission }, refOf(id)) };
};
type AdmissionLimits = { readonly max_concurrent_runs: number } | { readonly rate_limit: { readonly max_runs: number; readonly per_ms: number } };

describe('a run held by a paused automation, looked at once more', () => {
  it('stays held while the automation is paused', async () => {
    const { run, examine } = await heldByPause();
    expect(await examine()).toBe(false);
    expect(holdOf(await run())?.queue_reason).toBe('automation_paused');
  });

  it.each(['active', 'draft', 'deleted'])('is released when the automation is %s', async (status) => {
    const { run, examine, become } = await heldByPause();
    become(status);
    expect(await examine()).toBe(true);
    expect(await run()).toMatchObject({ status: 'queued', resume_reason: 'automation_paused' });
    expect(holdOf(await run())).toBeUndefined();
    // Twice is once.
    expect(await examine()).toBe(false);
  });

  it('is cancelled, saying why, when the automation was deleted while it was paused', async () => {
    const { run, examine, become } = await heldByPause();
    become('deleted_paused');
    expect(await examine()).toBe(true);
    expect(await run()).toMatchObject({ status: 'cancelled', stop_reason: 'automation "refunds" was deleted while it was paused' });
    expect(await examine()).toBe(false);
  });
});

describe('a run held by a limit, looked at once more', () => {
  it('stays held until its rate opens, and goes on then although its timer was lost', async () => {
    const { world, id, examine } = await heldByLimit({ rate_limit: { max_runs: 1, per_ms: 60_000 } });
    expect(holdOf(await world.app.run(id))?.queue_reason).toBe('rate_limit');
    world.timers.clear();
    expect(await examine()).toBe(false);
    world.app.now += 61_000;
    expect(await examine()).toBe(true);
    await world.drive({ timers: false });
    expect((await world.app.run(id)).status).toBe('completed');
  });

  it('has its timer again while it has to wait', async () => {
    const world = new AdmissionWorld();
    await world.define({ execution: { max_concurrent_runs: 1 } });
    const [first = '', second = ''] = await world.start(2);
    const newest = (id: string) => world.app.store.all().filter(({ ref }) => ref.id === id).at(-1);
    const executing = world.deliver(newest(first) ?? (undefined as never));
    for (let turn = 0; turn < 200 && world.inside.size === 0; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await world.deliver(newest(second) ?? (undefined as never));
    const scheduled: number[] = [];
    const { eventing, definitions, now } = world.app;
    const admission = new RunAdmission({ eventing, definitions, timers: { schedule: (_ref, _wait, due) => Promise.resolve(void scheduled.push(due)) } });
    const automations = { statusOf: () => Promise.resolve('active'), readStatus: () => Promise.resolve('active') };
    expect(await examineHeld({ eventing, definitions, automations, admission }, refOf(second))).toBe(false);
    expect(scheduled.length).toBe(1);
    expect(scheduled[0]).toBeGreaterThan(now);
    await executing;
  });
});
