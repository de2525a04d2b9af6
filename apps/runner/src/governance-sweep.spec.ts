import { randomUUID } from 'node:crypto';
import { createGoverned, changeLimits } from '@cs/automation-application';
import { listGovernedAutomations, type CallContext, type GovernedAutomationKey, type GovernedAutomationTimes, type GovernedPage, type NewestRuns, type RunHealth } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';
import { GovernanceSweep } from './governance-sweep.js';
import { automation, context, InMemoryRunner, steps } from './in-memory-runner.fixture.js';

const hour = 3_600_000;
const day = 24 * hour;
const bot: CallContext = { ...context, actor: { kind: 'agent', actor_id: 'bot' } };
const bad: RunHealth = { runs: 20, ended: 20, failed: 20, open: 0, guardrail_stops: 0 };
const candidate = (automation_id: string, times: Partial<GovernedAutomationTimes> = {}): GovernedAutomationTimes => ({ org_id: 'local', workspace_id: 'local', automation_id, since_ms: 0, has_news: false, ...times });

/** Sweeps over automations of the log in memory, of which the projections say what the test says. */
class SweptWorld {
  readonly runner = new InMemoryRunner();
  readonly asked: NewestRuns[] = [];
  readonly pages: (GovernedAutomationKey | undefined)[] = [];
  page: (after: GovernedAutomationKey | undefined) => GovernedPage | undefined = () => ({ items: [] });

  async make(...ids: readonly string[]): Promise<void> {
    const { eventing, definitions, evaluator } = this.runner;
    for (const automation_id of ids) {
      const made = await createGoverned({ eventing, definitions, evaluator, newId: randomUUID }, bot, { definition: automation([steps.post('pay')], { automation_id }) });
      if (!made.ok) throw new Error(JSON.stringify(made.refusal));
    }
  }

  async sweep(sweep = this.sweeper()): Promise<void> {
    await sweep.sweep();
    await sweep.stop();
  }

  sweeper(): GovernanceSweep {
    const call = ({ subject }: { subject: string }, { payload }: { payload: NewestRuns & { after?: GovernedAutomationKey } }) => {
      if (subject !== listGovernedAutomations.subject) {
        this.asked.push(payload);
        return payload.automation_id === 'away' ? Promise.reject(new Error('away')) : Promise.resolve({ ok: true, value: bad });
      }
      this.pages.push(payload.after);
      const page = this.page(payload.after);
      return Promise.resolve(page === undefined ? { ok: false, refusal: { code: 'PROJECTION_UNAVAILABLE', message: 'away' } } : { ok: true, value: page });
    };
    return new GovernanceSweep({ rpc: { call } as unknown as RpcClient, eventing: this.runner.eventing, logger: { warn: () => undefined }, clock: () => this.runner.now, everyMs: 15_000 });
  }

  /** What the first event of an automation after its creation says. */
  first(automation_id: string): unknown {
    return this.runner.store.all().filter(({ ref }) => ref.id === automation_id).flatMap(({ commit }) => commit.events)[1]?.data;
  }

  types(automation_id: string): readonly string[] {
    return this.runner.eventTypes(automation_id).filter((type) => type !== 'automation_created');
  }
}

describe('the sweep over what agents made', () => {
  it('warns of an expiry that is near, and of no other', async () => {
    const world = new SweptWorld();
    await world.make('near', 'far', 'warned', 'over');
    const expires_at_ms = world.runner.now + 90 * day;
    world.runner.now += 84 * day;
    world.page = () => ({ items: [candidate('near', { expires_at_ms }), candidate('far', { expires_at_ms: expires_at_ms + 9 * day }), candidate('warned', { expires_at_ms, expiry_warned_ms: expires_at_ms }), candidate('over', { expires_at_ms: world.runner.now })] });
    await world.sweep();
    await world.sweep();
    expect(['near', 'far', 'warned', 'over'].map((id) => world.types(id))).toEqual([['automation_expiry_warned'], [], [], []]);
  });

  it('looks at the runs of those that have news and were not looked at for six hours, since their last review', async () => {
    const world = new SweptWorld();
    await world.make('never', 'idle', 'recent', 'due');
    world.runner.now += 30 * day;
    const { now } = world.runner;
    world.page = () => ({ items: [candidate('never', { has_news: true, since_ms: 7 }), candidate('idle'), candidate('recent', { has_news: true, health_checked_at_ms: now - 6 * hour + 1 }), candidate('due', { has_news: true, health_checked_at_ms: now - 6 * hour, launched_at_ms: now - 9 })] });
    await world.sweep();
    expect(world.asked).toEqual(['never', 'due'].map((automation_id) => ({ org_id: 'local', workspace_id: 'local', automation_id, since_ms: automation_id === 'never' ? 7 : 0, runs: 20 })));
    expect(['never', 'idle', 'recent', 'due'].map((id) => world.types(id).join())).toEqual(['automation_health_checked,automation_review_required', '', '', 'automation_health_checked,automation_review_required']);
    expect(world.first('due')).toMatchObject({ launched_at_ms: now - 9 });
  });

  it('keeps to the limits of the workspace', async () => {
    const world = new SweptWorld();
    await world.make('a');
    const administrator: CallContext = { ...context, memberships: { roles: ['workspace:admin'], groups: [] } };
    const changed = await changeLimits({ eventing: world.runner.eventing, newId: randomUUID }, administrator, { health_check_runs: 3, health_failure_rate: 1, health_check_every_ms: 1000, expiry_warning_ms: 365 * day });
    expect(changed).toMatchObject({ ok: true, value: { limits: { health_check_runs: 3, health_min_runs: 5, review_after_runs: 20 } } });
    world.page = () => ({ items: [candidate('a', { has_news: true, health_checked_at_ms: world.runner.now - 1000, expires_at_ms: world.runner.now + 90 * day })] });
    await world.sweep();
    expect([world.asked[0]?.runs, world.types('a')]).toEqual([3, ['automation_expiry_warned', 'automation_health_checked', 'automation_review_required']]);
  });

  it('is not kept from the others by one that cannot be looked at, and not stopped by a page that cannot be read', async () => {
    const world = new SweptWorld();
    await world.make('away', 'there');
    world.page = () => undefined;
    const sweep = world.sweeper();
    await sweep.sweep();
    world.page = () => ({ items: [candidate('away', { has_news: true }), candidate('there', { has_news: true })] });
    await world.sweep(sweep);
    expect([world.types('away'), world.types('there').length]).toEqual([[], 2]);
  });

  it('looks at a bounded number of pages, goes on behind them, and begins anew at the end', async () => {
    const world = new SweptWorld();
    const key = (page: number): GovernedAutomationKey => ({ org_id: 'local', workspace_id: 'local', automation_id: `a${page}` });
    const pageOf = (after: GovernedAutomationKey | undefined): number => Number(after?.automation_id.slice(1) ?? 0);
    world.page = (after) => (pageOf(after) < 7 ? { items: [], next: key(pageOf(after) + 1) } : { items: [] });
    const sweep = world.sweeper();
    for (let turn = 0; turn < 3; turn += 1) await sweep.sweep();
    await sweep.stop();
    expect(world.pages.map(pageOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4]);
  });
});
