import { decideResource, holdOf, type ResourceCommand, type ResourceLimits, type ResourceState } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, Run } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import { LruCache } from '@cs/kernel';
import { resourceAggregate } from './resource.aggregate.js';
import type { RunHolds } from './run-holds.js';

type Tenant = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

/** Something that runs of a tenant share, as the definition at hand limits it. */
export interface Resource extends Tenant {
  readonly key: string;
  readonly isLock: boolean;
  readonly limits: ResourceLimits;
}

/** What a definition's runs share: the slots and the rate of their automation, and their workspace. */
export const resourcesOf = ({ org_id, workspace_id }: Tenant, { automation_id, execution, workspace_root }: AutomationDefinition) => {
  const { max_concurrent_runs, rate_limit } = execution ?? {};
  const slots: Resource | undefined = max_concurrent_runs === undefined && rate_limit === undefined
    ? undefined : { org_id, workspace_id, key: `automation:${automation_id}`, isLock: false, limits: { max_concurrent_runs, rate_limit } };
  const lock: Resource | undefined = workspace_root === undefined ? undefined : { org_id, workspace_id, key: `workspace:${workspace_root}`, isLock: true, limits: { max_concurrent_runs: 1 } };
  return { slots, lock };
};

/** Holders of a resource are looked at this often at most. */
const inspectEveryMs = 1000;

const isExecutingOrDue = (run: Run | undefined): boolean =>
  run !== undefined && (run.status === 'running' || run.status === 'pausing' || (run.status === 'queued' && run.scheduler === undefined));

/**
 * Books resources, and passes on what became free. Everything here can be repeated: whoever finds an
 * offer that its run does not know of yet tells it, and a holder that is not executing any more loses
 * what it holds, so that no death of a process keeps a resource from the others.
 */
export class ResourceDesk {
  readonly #eventing: Eventing;
  readonly #runs: RunHolds;
  readonly #inspectedAt = new LruCache<string, number>(10_000);
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(eventing: Eventing, runs: RunHolds) {
    this.#eventing = eventing;
    this.#runs = runs;
  }

  async load(resource: Resource): Promise<ResourceState> {
    return (await loadAggregate({ store: this.#eventing.store, aggregate: resourceAggregate }, this.#ref(resource))).state;
  }

  /** One at a time for each resource in this process: writers of one aggregate only get in each other's way. */
  async book(resource: Resource, command: ResourceCommand): Promise<ResourceState> {
    const { id } = this.#ref(resource);
    const before = this.#queues.get(id) ?? Promise.resolve();
    const booking = before.catch(() => undefined).then(() => this.#write(resource, command));
    this.#queues.set(id, booking);
    try {
      return await booking;
    } finally {
      if (this.#queues.get(id) === booking) this.#queues.delete(id);
    }
  }

  /** Frees what holders left behind, where `inspect` says so, and tells the runs that something is offered to. */
  async tend(resource: Resource, { inspect = false }: { readonly inspect?: boolean } = {}): Promise<void> {
    let state = await this.load(resource);
    if (inspect && this.#isInspectionDue(resource)) state = await this.#inspect(resource, state);
    for (let told = new Set<string>(), next = this.#offered(state, told); next !== undefined; next = this.#offered(state, told)) {
      told = new Set([...told, next]);
      state = await this.#tell(resource, state, next);
    }
  }

  #offered({ holders }: ResourceState, told: ReadonlySet<string>): string | undefined {
    return Object.keys(holders).find((run_id) => holders[run_id]?.offered === true && !told.has(run_id));
  }

  /** The run gets to know; or, if it wants nothing any more, the next one is offered its place. */
  async #tell(resource: Resource, state: ResourceState, run_id: string): Promise<ResourceState> {
    const run = await this.#runs.load(resource, run_id);
    const hold = run && holdOf(run);
    if (run !== undefined && hold !== undefined && hold.resource_key === resource.key) {
      await this.#runs.release(run, resource.key);
      return state;
    }
    return isExecutingOrDue(run) ? state : await this.book(resource, { type: 'end', run_id, ...this.#turnOf(state, run_id) });
  }

  #turnOf({ holders }: ResourceState, run_id: string): { readonly turn?: number } {
    const holder = holders[run_id];
    return holder === undefined ? {} : { turn: holder.turn };
  }

  #isInspectionDue({ org_id, workspace_id, key }: Resource): boolean {
    const name = `${org_id}/${workspace_id}/${key}`;
    const now = this.#eventing.clock();
    if (now - (this.#inspectedAt.get(name) ?? -inspectEveryMs) < inspectEveryMs) return false;
    this.#inspectedAt.set(name, now);
    return true;
  }

  async #inspect(resource: Resource, before: ResourceState): Promise<ResourceState> {
    let state = await this.book(resource, { type: 'advance' });
    for (const [run_id, { turn, offered }] of Object.entries(before.holders)) {
      if (offered || isExecutingOrDue(await this.#runs.load(resource, run_id))) continue;
      state = await this.book(resource, { type: 'end', run_id, turn });
    }
    return state;
  }

  async #write(resource: Resource, command: ResourceCommand): Promise<ResourceState> {
    const { key: resource_key, limits } = resource;
    const result = await executeCommand(this.#ref(resource), {
      eventing: this.#eventing, aggregate: resourceAggregate, context: {},
      decide: (state, at_ms) => decideResource(command, state, { at_ms, resource_key, limits }),
    });
    if (result.kind === 'accepted') return result.loaded.state;
    throw new Error(`"${resource_key}" is being written to by others`);
  }

  #ref({ org_id, workspace_id, key }: Resource): AggregateRef {
    return { org_id, workspace_id, aggregate: 'admission', id: this.#eventing.digest(key).slice(0, 40) };
  }
}

