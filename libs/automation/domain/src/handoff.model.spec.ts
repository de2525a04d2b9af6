import fc from 'fast-check';
import type { HandoffEvent, WatchEvent } from '@cs/contracts';
import { decideHandoff, evolveHandoff, type HandoffCommand, type HandoffState } from './handoff.decider.js';
import { bounds, happening } from './happening.fixture.js';
import { holds } from './run-invariants.fixture.js';
import { decideWatch, evolveWatch, type TriggerWatch, type WatchState } from './watch.decider.js';

const tenant_context = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;
const target = 'watcher';
const ids = ['h-0', 'h-1', 'h-2'] as const;
type HandoffId = (typeof ids)[number];

/** Handoffs for one automation, its watch, and the runs that come of them. Runners look, are slow, are killed in between, and look again. */
class WatchWorld {
  readonly handoffs = new Map<HandoffId, HandoffState>();
  readonly handoffEvents: HandoffEvent[] = [];
  readonly watchEvents: WatchEvent[] = [];
  /** Runs by id, and whether they have ended. */
  readonly runs = new Map<string, { readonly handoff_id: string; ended: boolean }>();
  readonly #begun: TriggerWatch[] = [];
  watch: WatchState;

  decide(id: HandoffId, command: HandoffCommand): void {
    const decision = decideHandoff(command, this.handoffs.get(id));
    if (decision.kind === 'refused') return;
    for (const event of decision.events) {
      this.handoffEvents.push(event);
      this.handoffs.set(id, evolveHandoff(this.handoffs.get(id), { ...event, recorded_at_ms: 1 }));
    }
  }

  /** A runner sees that no run is active and that a handoff may be had; what it does with it may come late. */
  look(id: HandoffId): void {
    const isNamed = this.watch !== undefined && !this.runs.has(this.watch.run_id);
    if (isNamed || this.#isActive() || this.handoffs.get(id)?.status !== 'approved' || this.watch?.handoff_id === id) return;
    this.#begun.push({ automation_id: target, tenant_context, handoff_id: id, run_id: `run-${id}`, definition_hash: 'h', definition_version: 'v1', after_run_id: this.watch?.run_id });
  }

  trigger(index: number): void {
    const command = this.#begun[index % Math.max(this.#begun.length, 1)];
    if (command === undefined) return;
    for (const event of this.#accepted(command)) {
      this.watchEvents.push(event);
      this.watch = evolveWatch(this.watch, { ...event, recorded_at_ms: 1 });
    }
  }

  /** What follows from any commit of the watch, once or again. */
  follow(index: number): void {
    const data = this.watchEvents[index % Math.max(this.watchEvents.length, 1)]?.data;
    const id = ids.find((known) => known === data?.handoff_id);
    if (data === undefined || id === undefined) return;
    this.decide(id, { type: 'consume', run_id: data.run_id, automation_id: target });
    const state = this.handoffs.get(id);
    if (state?.status !== 'archived' || this.runs.has(state.consumed_by_run_id)) return;
    holds(!this.#isActive(), 'one run after the other', () => data);
    this.runs.set(state.consumed_by_run_id, { handoff_id: id, ended: false });
  }

  #isActive(): boolean {
    return [...this.runs.values()].some(({ ended }) => !ended);
  }

  #accepted(command: TriggerWatch): readonly WatchEvent[] {
    const decision = decideWatch(command, this.watch);
    return decision.kind === 'accepted' ? decision.events : [];
  }
}

const id = fc.constantFrom(...ids);
const happenings = [
  happening<WatchWorld, { handoff: HandoffId; auto_approve: boolean }>('deposit', fc.record({ handoff: id, auto_approve: fc.boolean() }), (world, { handoff, auto_approve }) =>
    world.decide(handoff, {
      type: 'deposit', tenant_context, auto_approve, deposited_by: { kind: 'agent', actor_id: 'bot' },
      handoff: { handoff_id: handoff, target_automation_id: target, artifact_type: 'order', created_at_ms: 1 },
    })),
  happening<WatchWorld, { handoff: HandoffId; kind: 'human' | 'agent' }>('approve', fc.record({ handoff: id, kind: fc.constantFrom('human', 'agent') }), (world, { handoff, kind }) =>
    world.decide(handoff, { type: 'approve', approved_by: { kind, actor_id: 'ada' } })),
  happening<WatchWorld, { handoff: HandoffId; automation_id: string }>('another one consumes', fc.record({ handoff: id, automation_id: fc.constantFrom('other', 'nobody') }), (world, { handoff, automation_id }) =>
    world.decide(handoff, { type: 'consume', run_id: 'run-of-another', automation_id })),
  ...[1, 2].map(() => happening<WatchWorld, HandoffId>('a runner looks', id, (world, handoff) => world.look(handoff))),
  ...[1, 2].map(() => happening<WatchWorld, number>('a runner triggers, late or again', fc.nat(9), (world, index) => world.trigger(index))),
  ...[1, 2].map(() => happening<WatchWorld, number>('it is followed, once or again', fc.nat(9), (world, index) => world.follow(index))),
  happening<WatchWorld, number>('the run ends', fc.constant(0), (world) => {
    for (const run of world.runs.values()) run.ended = true;
  }),
];

const play = (property: (world: WatchWorld) => void) =>
  fc.property(fc.commands(happenings, { maxCommands: 80, size: 'max' }), (commands) => {
    const world = new WatchWorld();
    fc.modelRun(() => ({ model: {}, real: world }), commands);
    property(world);
  });

describe('handoffs and who watches for them, whoever looks at once', () => {
  it('each is deposited once, consumed by one run, and starts no other', () => {
    fc.assert(play(({ handoffEvents, runs }) => {
      for (const handoff_id of ids) {
        const own = (type: HandoffEvent['event_type']) => handoffEvents.filter(({ event_type, data }) => event_type === type && ('handoff' in data ? data.handoff.handoff_id : data.handoff_id) === handoff_id).length;
        expect(own('handoff_deposited')).toBeLessThanOrEqual(1);
        expect(own('handoff_consumed')).toBeLessThanOrEqual(1);
        expect([...runs.values()].filter((run) => run.handoff_id === handoff_id).length).toBe(own('handoff_consumed'));
      }
      expect([...runs.keys()].every((run) => ids.some((handoff) => run === `run-${handoff}`))).toBe(true);
    }), bounds);
  });

  it('none is consumed that a person had not approved, where one has to', () => {
    fc.assert(play(({ handoffEvents }) => {
      const approved = new Set<string>();
      for (const event of handoffEvents) {
        if (event.event_type === 'handoff_deposited' && event.data.status === 'approved') approved.add(event.data.handoff.handoff_id);
        if (event.event_type === 'handoff_approved') {
          expect(event.data.approved_by.kind).toBe('human');
          approved.add(event.data.handoff_id);
        }
        if (event.event_type === 'handoff_consumed') expect(approved.has(event.data.handoff_id)).toBe(true);
      }
    }), bounds);
  });

  it('the watch names one handoff after the other, and none twice', () => {
    fc.assert(play(({ watchEvents, watch }) => {
      const named = watchEvents.map(({ data }) => data.run_id);
      expect(new Set(named).size).toBe(named.length);
      expect(watch?.run_id).toBe(watchEvents.at(-1)?.data.run_id);
    }), bounds);
  });
});
