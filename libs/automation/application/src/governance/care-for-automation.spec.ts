import { defaultLimits } from './governance-state.js';
import type { GovernanceLimits, RunHealth } from '@cs/contracts';
import { deleteAutomation } from '../operate-automation.command-handler.js';
import { checkHealth, followCostSpikes, warnOfExpiry } from './care-for-automation.js';
import { changeLimits } from './govern-agents.command-handlers.js';
import { extendAutomation, readGovernance, retireAutomation, reviewAutomation } from './govern-automation.command-handlers.js';
import { GovernanceWorld, human, valueOf } from './governance-world.fixture.js';
import { tenant } from '../in-memory-application.fixture.js';

const automation_id = 'refunds';
const automation = { tenant, automation_id };
const hour = 3_600_000;
const day = 24 * hour;
const holdOf = async (world: GovernanceWorld) => valueOf(await readGovernance(world.app, human(), automation_id)).governance.hold;
const reviewsOf = (world: GovernanceWorld) => world.events('automation').filter(({ event_type }) => event_type === 'automation_review_required').map(({ data }) => data);

describe('a run that costs many times what the runs before it cost', () => {
  /** Five runs that cost one dollar each. */
  const withAverage = async (): Promise<GovernanceWorld> => {
    const world = new GovernanceWorld();
    await world.active();
    for (let run = 0; run < 5; run += 1) await world.spend(1, { run: `run-${run}`, event: `u-${run}` });
    return world;
  };
  const spikesOf = (world: GovernanceWorld) => world.events('governed_agent').filter(({ event_type }) => event_type === 'agent_cost_spike_found').map(({ data }) => data);
  const follow = async (world: GovernanceWorld): Promise<void> => {
    for (const stored of world.app.store.all().filter(({ ref }) => ref.aggregate === 'governed_agent')) expect(await followCostSpikes(world.app, stored)).toEqual({ kind: 'done' });
  };

  it('has to be reviewed at once, with what was found in the event, and no run starts before', async () => {
    const world = await withAverage();
    await world.spend(9.99, { run: 'dear', event: 'u-6', run_usd: 9.99 });
    await follow(world);
    expect([spikesOf(world), await holdOf(world)]).toEqual([[], undefined]);
    await world.spend(0.01, { run: 'dear', event: 'u-7', run_usd: 10 });
    const spike = { run_id: 'dear', cost_usd: 10, average_usd: 1, runs: 5, limit: 10 };
    expect(spikesOf(world)).toMatchObject([{ agent_id: 'bot', automation_id, ...spike }]);
    await follow(world);
    expect(reviewsOf(world)).toMatchObject([{ findings: [{ kind: 'cost_spike', ...spike }], reason: 'run "dear" has cost 10 USD, and the 5 runs before it 1 USD on average' }]);
    const run = await world.run();
    await world.execute(run);
    expect([(await holdOf(world))?.kind, world.sent.length]).toEqual(['review_required', 0]);
    valueOf(await reviewAutomation(world.app, human(), { automation_id }));
    await world.release(run);
    await world.execute(run);
    expect(await world.statusOf(run)).toBe('completed');
  });

  it('is found once, however often its usage and what follows from it come, and not again after the review', async () => {
    const world = await withAverage();
    for (let time = 0; time < 3; time += 1) await world.spend(20, { run: 'dear', event: 'u-6', position: 1000 });
    await world.spend(1, { run: 'dear', event: 'u-7', run_usd: 21 });
    await Promise.all([follow(world), follow(world)]);
    expect([spikesOf(world).length, reviewsOf(world).length]).toEqual([1, 1]);
    valueOf(await reviewAutomation(world.app, human(), { automation_id }));
    await follow(world);
    expect([reviewsOf(world).length, await holdOf(world)]).toEqual([1, undefined]);
  });

  it('is none while fewer runs than five had a cost, nor where the limit is higher', async () => {
    const world = new GovernanceWorld();
    await world.active();
    for (let run = 0; run < 4; run += 1) await world.spend(1, { run: `run-${run}`, event: `u-${run}` });
    await world.spend(0, { run: 'free', event: 'free', run_usd: 0 });
    await world.spend(500, { run: 'dear', event: 'u-5' });
    expect(spikesOf(world)).toEqual([]);
    const other = await withAverage();
    valueOf(await changeLimits(other.app, human(), { cost_spike_ratio: 30 }));
    await other.spend(29, { run: 'dear', event: 'u-6' });
    expect(spikesOf(other)).toEqual([]);
    await other.spend(30, { run: 'dearer', event: 'u-7', run_usd: 300 });
    expect(spikesOf(other)).toHaveLength(1);
  });

  it('joins a review that is due already: who reviews sees it', async () => {
    const world = await withAverage();
    for (const run of ['dear', 'dearest']) await world.spend(1000, { run, event: run, run_usd: run === 'dear' ? 100 : 10_000 });
    await follow(world);
    expect((await holdOf(world))?.reason).toMatch(/run "dear" has cost 100 USD.*; run "dearest" has cost 10000 USD/);
  });

  it('is nothing to an automation that is not there any more', async () => {
    const world = await withAverage();
    await world.spend(50, { run: 'dear', event: 'u-6' });
    valueOf(await deleteAutomation(world.app, human(), { automation_id }));
    await follow(world);
    expect(reviewsOf(world)).toEqual([]);
  });
});

describe('the newest runs of an automation that an agent made', () => {
  const fine: RunHealth = { runs: 20, ended: 20, failed: 9, open: 0, guardrail_stops: 1 };
  const check = (world: GovernanceWorld, health: Partial<RunHealth> = {}, { since_ms = 0, ...limits }: Partial<GovernanceLimits> & { readonly since_ms?: number } = {}) => checkHealth(world.app, automation, { health: { ...fine, ...health }, since_ms, limits: { ...defaultLimits, ...limits } });
  const checksOf = (world: GovernanceWorld) => world.events('automation').filter(({ event_type }) => event_type === 'automation_health_checked');
  const active = async (): Promise<GovernanceWorld> => {
    const world = new GovernanceWorld();
    await world.active();
    return world;
  };

  it('are looked at every six hours', async () => {
    const world = await active();
    expect([await check(world), await check(world)]).toEqual([true, false]);
    const checked_at_ms = checksOf(world)[0]?.recorded_at_ms ?? 0;
    world.app.now = checked_at_ms + 6 * hour - 60_000;
    expect(await check(world)).toBe(false);
    world.app.now = checked_at_ms + 6 * hour;
    expect(await check(world)).toBe(true);
    expect(checksOf(world)).toHaveLength(2);
    expect([reviewsOf(world), await holdOf(world)]).toEqual([[], undefined]);
  });

  it.each([
    { what: 'half of them failed', health: { failed: 10 }, finding: { kind: 'failure_rate', failed: 10, ended: 20, limit: 0.5 }, reason: '10 of 20 runs failed' },
    { what: 'half of the first six failed', health: { runs: 7, ended: 6, failed: 3 }, finding: { kind: 'failure_rate', failed: 3, ended: 6, limit: 0.5 }, reason: '3 of 6 runs failed' },
    { what: 'limits stopped them twice', health: { guardrail_stops: 2 }, finding: { kind: 'guardrail_stops', stops: 2, runs: 20, limit: 2 }, reason: 'limits stopped 20 runs 2 times' },
  ])('have to be reviewed when $what', async ({ health, finding, reason }) => {
    const world = await active();
    expect(await check(world, health)).toBe(true);
    expect(reviewsOf(world)).toMatchObject([{ reason, findings: [finding] }]);
    expect(await holdOf(world)).toMatchObject({ kind: 'review_required', reason: expect.stringContaining(reason) as string });
  });

  it('say nothing while too few ended, nor below the limits of the workspace', async () => {
    const world = await active();
    await check(world, { runs: 4, ended: 4, failed: 4 });
    world.app.now += day;
    await check(world, { failed: 15, guardrail_stops: 8 }, { health_failure_rate: 0.8, health_guardrail_stops: 9 });
    expect(reviewsOf(world)).toEqual([]);
  });

  it('are forgotten once a person has reviewed the automation, also when they were counted just before', async () => {
    const world = await active();
    await check(world, { failed: 20 });
    world.app.now += day;
    valueOf(await reviewAutomation(world.app, human(), { automation_id }));
    expect([await check(world, { failed: 20 }, { since_ms: world.app.now - 1 }), await holdOf(world)]).toEqual([false, undefined]);
    expect(await check(world, {}, { since_ms: world.app.now })).toBe(true);
  });

  it('are looked at once when two runners look, and a review that is due is not asked for again', async () => {
    const world = await active();
    await Promise.all([check(world, { failed: 20 }), check(world, { failed: 20 })]);
    expect([checksOf(world).length, reviewsOf(world).length]).toEqual([1, 1]);
    world.app.now += day;
    expect([await check(world, { failed: 20 }), reviewsOf(world).length]).toEqual([true, 1]);
  });

  it('say nothing of what a person made, nor of what is not there', async () => {
    const world = new GovernanceWorld();
    expect(await check(world, { failed: 20 })).toBe(false);
    valueOf(await world.create(human()));
    expect([await check(world, { failed: 20 }), world.types('automation')]).toEqual([false, ['automation_created']]);
  });
});

describe('the time of an automation that an agent made', () => {
  const warn = (world: GovernanceWorld) => warnOfExpiry(world.app, automation, defaultLimits);
  const warnings = (world: GovernanceWorld) => world.events('automation').filter(({ event_type }) => event_type === 'automation_expiry_warned').map(({ data }) => data);

  it('is warned of seven days before it is over, once, whoever looks', async () => {
    const world = new GovernanceWorld();
    await world.active();
    const expires_at_ms = valueOf(await readGovernance(world.app, human(), automation_id)).governance.expires_at_ms ?? 0;
    world.app.now = expires_at_ms - 7 * day - 60_000;
    expect(await warn(world)).toBe(false);
    world.app.now = expires_at_ms - 7 * day;
    await Promise.all([warn(world), warn(world), warn(world)]);
    expect(await warn(world)).toBe(false);
    expect(warnings(world)).toMatchObject([{ automation_id, expires_at_ms }]);
  });

  it('is warned of anew when it was extended, and not once it is over', async () => {
    const world = new GovernanceWorld();
    await world.active();
    world.app.now += 85 * day;
    await warn(world);
    const expires_at_ms = world.app.now + 30 * day;
    valueOf(await extendAutomation(world.app, human(), { automation_id, expires_at_ms }));
    expect(await warn(world)).toBe(false);
    world.app.now = expires_at_ms - day;
    expect(await warn(world)).toBe(true);
    expect(warnings(world)).toHaveLength(2);
    const late = new GovernanceWorld();
    await late.active();
    late.app.now += 90 * day;
    expect(await warn(late)).toBe(false);
  });

  it('is nothing to what is retired, or what a person made', async () => {
    const world = new GovernanceWorld();
    await world.active();
    valueOf(await retireAutomation(world.app, human(), { automation_id }));
    world.app.now += 85 * day;
    expect(await warn(world)).toBe(false);
  });
});
