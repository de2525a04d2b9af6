import { createAutomation, patchAutomation } from './store-automation.command-handler.js';
import type { Json } from '@cs/kernel';
import type { AggregateRef, HandoffRecord, Run, TenantContext } from '@cs/contracts';
import { handoffAggregate } from './handoff.aggregate.js';
import { decideRun, toHandoffRecord } from '@cs/automation-domain';
import { executeCommand, loadAggregate, type StoredCommit } from '@cs/eventing';
import type { FireScheduleOptions } from './fire-schedule.command-handler.js';
import { fireSchedule, followSchedule } from './fire-schedule.command-handler.js';
import { armSchedule } from './arm-schedule.command-handler.js';
import { automation, callBy, InMemoryApplication, nodes, tenant, valueOf } from './in-memory-application.fixture.js';
import { runAggregate } from './run.aggregate.js';
import { evaluateWatch, followWatch, type AvailableHandoffs, type WatchOptions } from './watch.command-handlers.js';

export const automationRef: AggregateRef = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'automation', id: 'refunds' };

/** The write side with everything that starts runs by itself; what the projections would answer is read from the log. */
export class Triggers extends InMemoryApplication {
  readonly timersSet: number[] = [];
  /** False: the database is away. */
  projected = true;
  /** Runs that ended, and that projections which are behind still show as running. */
  readonly endedUnseen: string[] = [];
  readonly activeRuns = {
    find: async (_tenant: TenantContext, id: string) =>
      this.projected ? [...this.endedUnseen, ...(await this.runs()).filter((run) => run.automation_id === id && ['queued', 'running'].includes(run.status)).map(({ run_id }) => run_id)] : [],
  };
  readonly handoffs: AvailableHandoffs = {
    find: async (_tenant, id, { isUsable }) => (this.projected ? (await this.handoffRecords()).filter((handoff) => handoff.status === 'approved' && handoff.target_automation_id === id && isUsable(handoff)) : []),
  };
  readonly schedules: FireScheduleOptions = {
    eventing: this.eventing, definitions: this.definitions, activeRuns: this.activeRuns, timers: { set: (_ref, dueAtMs) => Promise.resolve(void this.timersSet.push(dueAtMs)) },
  };
  readonly watches: WatchOptions = { eventing: this.eventing, definitions: this.definitions, activeRuns: this.activeRuns, handoffs: this.handoffs };
  #followed = 0;

  async define(extra: Record<string, Json>): Promise<void> {
    valueOf(await createAutomation(this, callBy(), automation([nodes.transform('work', '1')], extra)));
  }

  async change(patch: Record<string, Json>): Promise<void> {
    valueOf(await patchAutomation(this, callBy(), { automation_id: 'refunds', patch }));
  }

  arm() {
    return armSchedule(this.schedules, automationRef);
  }

  fire() {
    return fireSchedule(this.schedules, automationRef);
  }

  /** Delivers the commits that nobody followed yet, each `times` times, as their durable consumers do. */
  async follow(times = 1): Promise<void> {
    for (let pending = this.store.all().slice(this.#followed); pending.length > 0; pending = this.store.all().slice(this.#followed)) {
      this.#followed += pending.length;
      for (const stored of pending.flatMap((commit) => Array.from({ length: times }, () => commit))) await this.#deliver(stored);
    }
  }

  async #deliver(stored: StoredCommit): Promise<void> {
    if (stored.ref.aggregate === 'schedule') await followSchedule(this.schedules, stored);
    if (stored.ref.aggregate === 'watch') await followWatch(this.watches, stored);
    if (stored.ref.aggregate === 'handoff' && stored.status === 'approved') await evaluateWatch(this.watches, automationRef, { position: stored.position, handoff_id: stored.ref.id });
  }

  async runs(): Promise<readonly Run[]> {
    const ids = new Set(this.store.all().filter(({ ref }) => ref.aggregate === 'run').map(({ ref }) => ref.id));
    return await Promise.all([...ids].map((id) => this.run(id)));
  }

  async handoffRecords(): Promise<readonly HandoffRecord[]> {
    const refs = new Map(this.store.all().filter(({ ref }) => ref.aggregate === 'handoff').map(({ ref }) => [ref.id, ref]));
    const loaded = await Promise.all([...refs.values()].map((ref) => loadAggregate({ store: this.store, aggregate: handoffAggregate }, ref)));
    return loaded.flatMap(({ state }) => (state === undefined ? [] : [toHandoffRecord(state)]));
  }

  /** Ends a run without executing it. */
  async end(run_id: string): Promise<void> {
    const ref: AggregateRef = { ...automationRef, aggregate: 'run', id: run_id };
    const { workflow_definition_snapshot_hash } = await this.run(run_id);
    const definition = await this.definitions.get(tenant, workflow_definition_snapshot_hash);
    await executeCommand(ref, { eventing: this.eventing, aggregate: runAggregate, context: {}, decide: (run, at_ms) => decideRun({ type: 'fail_run', detail: 'ended by the test' }, run, { at_ms, definition }) });
  }

  async endAll(): Promise<void> {
    for (const run of await this.runs()) if (!('finished_at_ms' in run)) await this.end(run.run_id);
  }

  eventTypes(aggregate: string): readonly string[] {
    return this.store.all().filter(({ ref }) => ref.aggregate === aggregate).flatMap(({ commit }) => commit.events.map(({ event_type }) => event_type));
  }
}
