import { isFinished } from '@cs/automation-domain';
import type { AggregateRef, Run } from '@cs/contracts';
import { loadAggregate, type Eventing } from '@cs/eventing';
import type { ChildRuns } from './child-runs.js';
import type { DefinitionLibrary } from './definition-library.js';
import { runAggregate } from './run.aggregate.js';

interface RepairOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly children: ChildRuns;
}

/** Does what a lost message between a run and its child would have led to. */
export class ChildRepair {
  constructor(private readonly options: RepairOptions) {}

  /** A run waits for a child that has ended, or that is not there: it hears of it, or the child is requested. True when something was to be done. */
  async endWait(ref: AggregateRef, wait_id: string): Promise<boolean> {
    const { definitions, children } = this.options;
    const parent = await this.#load(ref);
    const wait = parent?.checkpoint.open_waits.find((open) => open.wait_id === wait_id && open.child_run_id !== undefined);
    if (parent === undefined || wait?.child_run_id === undefined) return false;
    const child = await this.#load({ ...ref, id: wait.child_run_id });
    if (child === undefined) {
      await children.request(parent, wait, await definitions.get(ref, parent.workflow_definition_snapshot_hash));
      return true;
    }
    // A child that is blocked has not ended: its parent waits on.
    if (!isFinished(child.status) || child.status === 'blocked') return false;
    await children.reportEnd(child);
    return true;
  }

  /** A child that nobody waits for is cancelled. True when it was one. */
  async cancelOrphan(ref: AggregateRef): Promise<boolean> {
    const child = await this.#load(ref);
    if (child?.parent === undefined || (isFinished(child.status) && child.status !== 'blocked') || !(await this.options.children.isOrphan(child))) return false;
    await this.options.children.cancel(ref, child.parent.run_id, `its parent run ${child.parent.run_id} waits for it no more`);
    return true;
  }

  async #load(ref: AggregateRef): Promise<Run | undefined> {
    return (await loadAggregate({ store: this.options.eventing.store, aggregate: runAggregate }, ref)).state;
  }
}
