import { holdOf, isRateClosed, whyHeld, type ResourceState } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, Run } from '@cs/contracts';
import { done, type ConsumerOutcome, type Eventing } from '@cs/eventing';
import type { Admission, Admitted } from './admission.port.js';
import type { DefinitionLibrary } from './definition-library.js';
import { ResourceDesk, resourcesOf, type Resource } from './resource-desk.js';
import { RunHolds } from './run-holds.js';
import type { RunMeter } from './run-meter.port.js';
import type { Timers } from './timers.port.js';

export interface RunAdmissionOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly timers: Timers;
  readonly meter?: RunMeter;
}

/** Names the timer of a held run. No wait has this id. */
export const holdTimerId = 'hold';

/** A held run is looked at this often, whatever happens to whoever holds what it waits for. */
const recheckMs = 5000;
/** Further apart the more wait, so that looking stays cheap. */
const recheckPerWaiterMs = 5;
/** The timers of a rate leave the broker a little time. */
const soonestMs = 20;

const free: Admitted = { kind: 'admitted', release: () => undefined };
const held: Admitted = { kind: 'held', outcome: done };
/** A run that was released after it had waited for its workspace (`resume_reason` is what held it). */
const waitedForLock = (run: Run): boolean => run.resume_reason === 'workspace_lock' || holdOf(run)?.queue_reason === 'workspace_lock';

/**
 * Admits queued runs to what they share with others (domain 3.5): rate, then workspace, then slots. A run
 * that has to wait is held and its message is done; it is queued again when its turn comes. Definitions
 * that limit nothing cost nothing.
 */
export class RunAdmission implements Admission {
  readonly #eventing: Eventing;
  readonly #definitions: DefinitionLibrary;
  readonly #timers: Timers;
  readonly #runs: RunHolds;
  readonly #desk: ResourceDesk;

  constructor(options: RunAdmissionOptions) {
    const { eventing, definitions, timers } = options;
    this.#eventing = eventing;
    this.#definitions = definitions;
    this.#timers = timers;
    this.#runs = new RunHolds(options);
    this.#desk = new ResourceDesk(eventing, this.#runs);
  }

  async admit(ref: AggregateRef, run: Run, definition: AutomationDefinition): Promise<Admitted> {
    const { slots, lock } = resourcesOf(ref, definition);
    if (slots === undefined && lock === undefined) return free;
    if (holdOf(run) !== undefined) {
      await this.recheck(ref);
      return held;
    }
    // Executing already, or at rest: whoever held it for this run died, and what it had is still to be released.
    const missing = run.status === 'queued' ? await this.#acquireAll(run, slots, lock) : undefined;
    if (missing !== undefined) return await this.#wait(run, missing, missing === slots ? lock : undefined);
    return { kind: 'admitted', release: () => this.#release(ref, run, [lock, slots]) };
  }

  /** Gets what the run needs, in order; answers what it could not get. */
  async #acquireAll(run: Run, slots: Resource | undefined, lock: Resource | undefined): Promise<Resource | undefined> {
    if (slots !== undefined && lock !== undefined && (await this.#isRateClosed(slots, run))) return slots;
    for (const resource of [lock, slots]) {
      if (resource !== undefined && !(await this.#acquires(resource, run))) return resource;
    }
    return undefined;
  }

  /** Looks after a held run: offers it what is free, and sets its timer again where it still has to wait. */
  async recheck(ref: AggregateRef): Promise<ConsumerOutcome> {
    const run = await this.#runs.load(ref, ref.id);
    const hold = run && holdOf(run);
    if (run === undefined || hold === undefined) return done;
    const { slots, lock } = resourcesOf(ref, await this.#definitions.get(ref, run.workflow_definition_snapshot_hash));
    const resource = [slots, lock].find((each) => each?.key === hold.resource_key);
    if (resource === undefined) {
      // Repaired since: what it has now does not limit it.
      if (hold.resource_key !== undefined) await this.#runs.release(run, hold.resource_key);
      return done;
    }
    const state = await this.#acquire(resource, run, true);
    await this.#desk.tend(resource, { inspect: true });
    const after = await this.#runs.load(ref, ref.id);
    if (after !== undefined && holdOf(after) !== undefined) await this.#setTimer(after, resource, state);
    return done;
  }

  async #isRateClosed(slots: Resource, run: Run): Promise<boolean> {
    const state = await this.#desk.load(slots);
    return run.started_at_ms === undefined && state.holders[run.run_id] === undefined && isRateClosed(state, this.#context(slots));
  }

  async #acquire(resource: Resource, run: Run, isHeld: boolean): Promise<ResourceState> {
    return await this.#desk.book(resource, {
      type: 'acquire', run_id: run.run_id, turn: run.queued_at_version, created_at_ms: run.created_at_ms, after_lock: !resource.isLock && waitedForLock(run),
      begins: !resource.isLock && run.started_at_ms === undefined && resource.limits.rate_limit !== undefined, held: isHeld,
    });
  }

  async #acquires(resource: Resource, run: Run): Promise<boolean> {
    const holder = (await this.#acquire(resource, run, false)).holders[run.run_id];
    return holder !== undefined && !holder.offered;
  }

  /** Holds the run; whatever it got before goes to others meanwhile. */
  async #wait(run: Run, resource: Resource, acquired: Resource | undefined): Promise<Admitted> {
    if (acquired !== undefined) await this.#end(acquired, run);
    // Where it was only seen that the rate is closed, it has no place in the queue yet.
    const state = await this.#acquire(resource, run, true);
    const why = resource.isLock ? ({ queue_reason: 'workspace_lock' } as const) : whyHeld({ run_id: run.run_id, begins: run.started_at_ms === undefined }, state, this.#context(resource));
    const after = await this.#runs.hold(run, { ...why, resource_key: resource.key });
    if (after === undefined || holdOf(after) === undefined) {
      // Someone else decided otherwise meanwhile: the run was cancelled, paused or queued again.
      if (after?.status !== 'queued') await this.#end(resource, run);
      return held;
    }
    await this.#setTimer(after, resource, state);
    await this.#desk.tend(resource, { inspect: true });
    return held;
  }

  async #end(resource: Resource, run: Run): Promise<void> {
    await this.#desk.book(resource, { type: 'end', run_id: run.run_id, turn: run.queued_at_version });
    await this.#desk.tend(resource);
  }

  /** A run that still executes (handed back, or taken over by another runner) keeps what it has. */
  async #release(ref: AggregateRef, admitted: Run, resources: readonly (Resource | undefined)[]): Promise<void> {
    const run = await this.#runs.load(ref, ref.id);
    if (run?.status === 'running' || run?.status === 'pausing') return;
    for (const resource of resources) if (resource !== undefined) await this.#end(resource, admitted);
  }

  async #setTimer(run: Run, resource: Resource, { waiters }: ResourceState): Promise<void> {
    const now = this.#eventing.clock();
    const { org_id, workspace_id } = run.tenant_context;
    const state = await this.#desk.load(resource);
    const rate = whyHeld({ run_id: run.run_id, begins: run.started_at_ms === undefined }, state, this.#context(resource)).retry_after_ms;
    const due = rate === undefined ? now + recheckMs + waiters.length * recheckPerWaiterMs : Math.max(now + soonestMs, rate);
    await this.#timers.schedule({ org_id, workspace_id, aggregate: 'run', id: run.run_id }, holdTimerId, due);
  }

  #context({ key, limits }: Resource): { readonly at_ms: number; readonly resource_key: string; readonly limits: Resource['limits'] } {
    return { at_ms: this.#eventing.clock(), resource_key: key, limits };
  }
}
