import { armSchedule, depositHandoff, followSchedule, patchAutomation, type FireScheduleOptions } from '@cs/automation-application';
import { listAvailableHandoffs, listDueSchedules, listWatchTargets, type DueSchedule, type HandoffRecord, type RpcMethod, type WatchTarget } from '@cs/contracts';
import type { EventStore } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import type { RpcClient } from '@cs/platform';
import { ProjectedHandoffs } from './available-handoffs.adapter.js';
import { automation, context, InMemoryRunner, steps } from './in-memory-runner.fixture.js';
import { SchedulesService } from './schedules.service.js';
import { WatchesService } from './watches.service.js';

const of = (automation_id: string) => ({ org_id: 'local', workspace_id: 'local', automation_id });
const refOf = (automation_id: string) => ({ org_id: 'local', workspace_id: 'local', aggregate: 'automation', id: automation_id }) as const;
const consumers = { start: () => ({ stop: () => Promise.resolve() }) as never };

/** A list as observability answers it: what stands behind `after`, in its order, at most `limit`. */
const pageOf = <Item>(all: readonly Item[], { after, limit }: { readonly after?: Partial<Item> | undefined; readonly limit: number }): readonly Item[] => {
  const from = after === undefined ? 0 : all.findIndex((item) => Object.entries(after).every(([member, value]) => item[member as keyof Item] === value)) + 1;
  return all.slice(from, from + limit);
};

/** Runners over the in-memory log, with lists that say what the test says. */
class SweptTriggers {
  readonly runner = new InMemoryRunner();
  readonly warned: unknown[] = [];
  readonly logger = { info: () => undefined, warn: (fields: unknown) => void this.warned.push(fields) };
  due: readonly DueSchedule[] = [];
  targets: readonly WatchTarget[] = [];
  handoffs: readonly HandoffRecord[] = [];
  readonly rpc = { call: (method: RpcMethod, { payload }: { readonly payload: unknown }) => Promise.resolve({ ok: true, value: this.#answer(method, payload) }) } as unknown as RpcClient;

  /** What is asked of the automation `broken` fails, whoever asks. */
  get eventing() {
    const { store } = this.runner;
    const failing: EventStore = { at: (position) => store.at(position), append: (...commit) => store.append(...commit), last: (ref) => (ref.id === 'broken' ? Promise.reject(new Error('it cannot be read')) : store.last(ref)) };
    return { ...this.runner.eventing, store: failing };
  }

  get options(): FireScheduleOptions {
    return { eventing: this.eventing, definitions: this.runner.definitions, activeRuns: { find: () => Promise.resolve([]) }, timers: { set: () => Promise.resolve() } };
  }

  watches(): WatchesService {
    return new WatchesService({ consumers, rpc: this.rpc, logger: this.logger, sweepEveryMs: 1e6, options: { ...this.options, handoffs: new ProjectedHandoffs(this.rpc) } });
  }

  async define(automation_id: string, extra: Record<string, Json>): Promise<void> {
    await this.runner.define(automation([steps.transform('work', '1')], { automation_id, name: automation_id, ...extra }));
  }

  async deposit(automation_id: string, extra: object = {}): Promise<void> {
    this.runner.now += 1;
    const { eventing, definitions } = this.runner;
    const deposited = await depositHandoff({ eventing, definitions, newId: () => String(this.runner.now) }, context, { automation_id, artifact_type: 'order', ...extra });
    if (!deposited.ok) throw new Error(deposited.refusal.message);
    this.handoffs = [...this.handoffs, deposited.value.handoff];
  }

  commits(aggregate: string): readonly string[] {
    return this.runner.store.all().filter(({ ref }) => ref.aggregate === aggregate).flatMap(({ ref, commit }) => commit.events.map(({ event_type }) => `${ref.id} ${event_type}`));
  }

  #answer(method: RpcMethod, payload: unknown): object {
    if (method.subject === listDueSchedules.subject) return { schedules: pageOf(this.due, listDueSchedules.payload.parse(payload)) };
    if (method.subject === listWatchTargets.subject) return { targets: pageOf(this.targets, listWatchTargets.payload.parse(payload)) };
    const asked = listAvailableHandoffs.payload.parse(payload);
    return { handoffs: pageOf(this.handoffs.filter(({ target_automation_id }) => target_automation_id === asked.automation_id), asked) };
  }
}

describe('the sweep over schedules', () => {
  it('fires what stands behind one that fails, and behind a full page', async () => {
    const world = new SweptTriggers();
    await world.define('last', { schedule: { type: 'interval', interval_seconds: 60, misfire_policy: { type: 'run_once' } } });
    await armSchedule(world.options, refOf('last'));
    world.runner.now += 60_000;
    world.due = [{ ...of('broken'), next_fire_at_ms: 1 }, ...Array.from({ length: 700 }, (_none, index) => ({ ...of(`gone-${index}`), next_fire_at_ms: index + 1 })), { ...of('last'), next_fire_at_ms: 1_060_000 }];
    let repaired = 0;
    const service = new SchedulesService({ consumers, options: world.options, rpc: world.rpc, logger: world.logger, sweepEveryMs: 1e6, onRepaired: () => (repaired += 1), onFired: () => undefined });
    await service.sweep();
    expect(world.commits('schedule')).toEqual(['last schedule_armed', 'last schedule_fired']);
    expect([world.warned, repaired]).toMatchObject([[{ automation_id: 'broken' }], 701]);
    const fired = world.runner.store.all().at(-1);
    if (fired !== undefined) await followSchedule(world.options, fired);
    expect(world.runner.runIds()).toHaveLength(1);
  });
});

describe('the sweep over watch conditions', () => {
  it('looks at what stands behind one that fails, and behind a full page', async () => {
    const world = new SweptTriggers();
    await world.define('last', { watch_conditions: [{ artifact_type: 'order' }] });
    await world.deposit('last');
    world.targets = ['broken', ...Array.from({ length: 300 }, (_none, index) => `gone-${index}`), 'last'].map((id, index) => ({ ...of(id), oldest_ms: index }));
    await world.watches().sweep();
    expect(world.commits('watch')).toEqual(['last watch_triggered']);
    expect(world.warned).toMatchObject([{ automation_id: 'broken' }]);
  });

  it('finds a handoff behind many that no run can take', async () => {
    const world = new SweptTriggers();
    const { eventing, definitions, evaluator } = world.runner;
    await world.define('last', { watch_conditions: [{ artifact_type: 'order' }] });
    for (let index = 0; index < 25; index += 1) await world.deposit('last');
    const input_schema = { type: 'object', properties: { handoff: { type: 'object', required: ['content_path'] } } };
    await patchAutomation({ eventing, definitions, evaluator }, context, { automation_id: 'last', patch: { input_schema } });
    await world.deposit('last', { content_path: 'out/a.json' });
    world.targets = [{ ...of('last'), oldest_ms: 1 }];
    await world.watches().sweep();
    const [trigger] = world.runner.store.all().filter(({ ref }) => ref.aggregate === 'watch');
    expect(trigger?.commit.events).toMatchObject([{ event_type: 'watch_triggered', data: { handoff_id: world.handoffs.at(-1)?.handoff_id } }]);
  });
});
