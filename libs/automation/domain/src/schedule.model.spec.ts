import fc from 'fast-check';
import type { MisfirePolicy, Schedule, ScheduleEvent } from '@cs/contracts';
import { bounds, happening } from './happening.fixture.js';
import { holds } from './run-invariants.fixture.js';
import { decideSchedule, evolveSchedule, onTimeMs, type DueFires, type ScheduleCommand } from './schedule.decider.js';
import type { ScheduleState } from './schedule.state.js';

const second = 1000;
const tenant_context = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;
const automation = { definition_hash: 'h', definition_version: 'v1' };
/** As many fire times as any policy asks for. */
const mostTimes = 16;

type Fired = Extract<ScheduleEvent, { event_type: 'schedule_fired' }>['data'];
type Passed = Fired | Extract<ScheduleEvent, { event_type: 'schedule_skipped' }>['data'];

/** One schedule in a log that takes a commit only on the newest version, and the runners that write to it. */
class ScheduleWorld {
  atMs = 10_000;
  readonly events: ScheduleEvent[] = [];
  /** What a runner read before it was slow: it decides on that. */
  #read: { readonly state: ScheduleState; readonly version: number; readonly at_ms: number } | undefined;
  #state: ScheduleState;

  get state(): ScheduleState {
    return this.#state;
  }

  get passed(): readonly Passed[] {
    return this.events.flatMap((event) => (event.event_type === 'schedule_fired' || event.event_type === 'schedule_skipped' ? [event.data] : []));
  }

  /** Decides on the newest state. */
  apply(commandOf: (state: ScheduleState, at_ms: number) => ScheduleCommand): void {
    this.#commit(commandOf(this.#state, this.atMs), this.#state);
  }

  arm(seconds: number, policy: MisfirePolicy): void {
    const schedule: Schedule = { type: 'interval', interval_seconds: seconds, timezone: 'UTC', misfire_policy: policy };
    this.apply(() => ({ type: 'arm', automation_id: 'a', tenant_context, schedule, definition_hash: JSON.stringify(schedule), first_fire_at_ms: this.atMs + seconds * second }));
  }

  /** A runner reads the schedule, and is slow. */
  readNow(): void {
    this.#read = { state: this.#state, version: this.events.length, at_ms: this.atMs };
  }

  /** The slow runner goes on: its commit is taken only when nobody else wrote; otherwise it decides again. */
  goOn(fire: FireOptions): void {
    const read = this.#read;
    if (read === undefined) return;
    this.#read = undefined;
    if (read.version === this.events.length) this.#commit(fireOf(fire)(read.state, read.at_ms), read.state);
    else this.apply(fireOf(fire));
  }

  #commit(command: ScheduleCommand, on: ScheduleState): void {
    const decision = decideSchedule(command, on);
    if (decision.kind === 'refused') throw new Error('nothing is refused');
    for (const event of decision.events) {
      this.#check(event, command);
      this.events.push(event);
      this.#state = evolveSchedule(this.#state, event);
    }
  }

  #check(event: ScheduleEvent, command: ScheduleCommand): void {
    if (event.event_type !== 'schedule_fired' && event.event_type !== 'schedule_skipped') return;
    const { data } = event;
    const state = this.#state;
    if (state?.status !== 'armed' || command.type !== 'fire') throw new Error('only an armed schedule fires, when it is told to');
    holds(data.due_at_ms === state.next_fire_at_ms && data.due_at_ms <= command.at_ms, 'what fires is what was next, and its time has come', () => data);
    holds((data.next_fire_at_ms ?? Infinity) > command.at_ms, 'the next fire time lies ahead', () => data);
    if (event.event_type === 'schedule_fired') this.#checkFired(event.data, { count: command.due.count, at_ms: command.at_ms });
    else holds(data.missed === 0 || data.missed === command.due.count, 'missed times are counted', () => data);
  }

  #checkFired(fired: Fired, { count, at_ms }: { readonly count: number; readonly at_ms: number }): void {
    const { policy, missed, run_ids, due_times_ms } = fired;
    const isOnTime = count === 1 && at_ms - fired.due_at_ms <= onTimeMs;
    const allowed = isOnTime ? 1 : { skip: 0, run_once: 1, catch_up: Math.min(count, policy.type === 'catch_up' ? policy.max_runs : 0) }[policy.type];
    holds(run_ids.length === allowed && due_times_ms.length === allowed && allowed > 0, 'there are as many runs as the policy allows', () => [fired, count]);
    holds(missed === (isOnTime ? 0 : count), 'what came late counts as missed', () => [fired, count]);
  }
}

interface FireOptions {
  readonly isActive: boolean;
  readonly isBusy: boolean;
}

const due = (state: ScheduleState, at_ms: number): DueFires => {
  if (state?.status !== 'armed' || state.schedule.type !== 'interval' || state.next_fire_at_ms === undefined || state.next_fire_at_ms > at_ms) return { count: 0, times_ms: [] };
  const every = state.schedule.interval_seconds * second;
  const first = state.next_fire_at_ms;
  const count = Math.floor((at_ms - first) / every) + 1;
  return { count, times_ms: Array.from({ length: Math.min(count, mostTimes) }, (_none, index) => first + index * every), next_fire_at_ms: first + count * every };
};

const fireOf = ({ isActive, isBusy }: FireOptions) => (state: ScheduleState, at_ms: number): ScheduleCommand => {
  const found = due(state, at_ms);
  return { type: 'fire', at_ms, due: found, run_ids: found.times_ms.map((time) => `run-${time}`), ...(isActive ? { automation } : {}), ...(isBusy ? { active_run_id: 'busy' } : {}) };
};

const options: fc.Arbitrary<FireOptions> = fc.record({ isActive: fc.constantFrom(true, true, true, false), isBusy: fc.constantFrom(false, false, false, true) });
const policies: fc.Arbitrary<MisfirePolicy> = fc.oneof(fc.constant({ type: 'skip' as const }), fc.constant({ type: 'run_once' as const }), fc.integer({ min: 1, max: 5 }).map((max_runs) => ({ type: 'catch_up' as const, max_runs })));
const happenings = [
  // Downtime is that nobody does anything for long.
  happening<ScheduleWorld, number>('time passes', fc.constantFrom(1, 300, 999, 1000, 5000, 40_000, 3_600_000), (world, passed) => void (world.atMs += passed)),
  happening<ScheduleWorld, FireOptions>('a timer, a redelivery or the sweep', options, (world, fire) => world.apply(fireOf(fire))),
  happening<ScheduleWorld, FireOptions>('two runners at once', options, (world, fire) => {
    world.readNow();
    world.apply(fireOf(fire));
    world.goOn(fire);
  }),
  happening<ScheduleWorld, number>('a runner reads, and is slow', fc.constant(0), (world) => world.readNow()),
  happening<ScheduleWorld, FireOptions>('the slow runner goes on', options, (world, fire) => world.goOn(fire)),
  happening<ScheduleWorld, { seconds: number; policy: MisfirePolicy }>('the automation is changed', fc.record({ seconds: fc.constantFrom(1, 1, 5), policy: policies }), (world, { seconds, policy }) => world.arm(seconds, policy)),
  happening<ScheduleWorld, number>('the automation is paused', fc.constant(0), (world) => world.apply(() => ({ type: 'disarm', reason: 'paused' }))),
];

const play = (property: (world: ScheduleWorld) => void) =>
  fc.property(fc.record({ seconds: fc.constantFrom(1, 5), policy: policies }), fc.commands(happenings, { maxCommands: 60, size: 'max' }), ({ seconds, policy }, commands) => {
    const world = new ScheduleWorld();
    world.arm(seconds, policy);
    fc.modelRun(() => ({ model: {}, real: world }), commands);
    property(world);
  });

describe('a schedule, whatever timers, runners and downtimes come over it', () => {
  it('passes each fire time once, in order, and creates a run for no time twice', () => {
    fc.assert(play(({ passed, events }) => {
      const times = passed.map(({ due_at_ms }) => due_at_ms);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      const runs = events.flatMap((event) => (event.event_type === 'schedule_fired' ? event.data.run_ids : []));
      expect(new Set(runs).size).toBe(runs.length);
    }), bounds);
  });

  it('leaves no time out while it stays armed: each fired, was skipped for a reason, or is counted as missed', () => {
    fc.assert(play(({ events }) => {
      // From each passing to the next there is nothing between them but a new beginning.
      let next: number | undefined;
      for (const event of events) {
        if (event.event_type === 'schedule_fired' || event.event_type === 'schedule_skipped') expect(event.data.due_at_ms).toBe(next);
        next = event.event_type === 'schedule_disarmed' ? undefined : event.data.next_fire_at_ms;
      }
    }), bounds);
  });

  it('is where its events say, as they are and as the log returns them', () => {
    fc.assert(play(({ state, events }) => {
      const read = JSON.parse(JSON.stringify(events)) as ScheduleEvent[];
      expect(JSON.parse(JSON.stringify(read.reduce(evolveSchedule, undefined) ?? null))).toEqual(JSON.parse(JSON.stringify(state ?? null)));
    }), bounds);
  });
});
