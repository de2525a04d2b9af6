import { decideRun, holdOf, type HoldLaunch, type RunCommand } from '@cs/automation-domain';
import { holdReasonSchema, type AggregateRef, type Run } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import type { DefinitionLibrary } from './definition-library.js';
import { runAggregate } from './run.aggregate.js';
import type { RunMeter } from './run-meter.port.js';

type Tenant = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

/** Holds queued runs, and releases them. */
export class RunHolds {
  readonly #eventing: Eventing;
  readonly #definitions: DefinitionLibrary;

  readonly #meter: RunMeter | undefined;

  constructor({ eventing, definitions, meter }: { readonly eventing: Eventing; readonly definitions: DefinitionLibrary; readonly meter?: RunMeter }) {
    this.#eventing = eventing;
    this.#definitions = definitions;
    this.#meter = meter;
  }

  async load({ org_id, workspace_id }: Tenant, run_id: string): Promise<Run | undefined> {
    return (await loadAggregate({ store: this.#eventing.store, aggregate: runAggregate }, { org_id, workspace_id, aggregate: 'run', id: run_id })).state;
  }

  /** The run as it is afterwards: held, or, when it is not the one that was queued any more, as it is. */
  async hold(run: Run, hold: Omit<HoldLaunch, 'type' | 'queued_version'>): Promise<Run | undefined> {
    const after = await this.#command(run, { type: 'hold_launch', ...hold, queued_version: run.queued_at_version });
    if (after !== undefined && holdOf(after) !== undefined) this.#meter?.held(hold.queue_reason);
    return after;
  }

  /** Lets the run be claimed if it waits for this. */
  async release(run: Run, resource_key: string): Promise<void> {
    const reason = holdReasonSchema.safeParse(holdOf(run)?.queue_reason);
    if (reason.success) await this.#command(run, { type: 'release_launch', queue_reason: reason.data, resource_key });
  }

  async #command(run: Run, command: RunCommand): Promise<Run | undefined> {
    const { org_id, workspace_id } = run.tenant_context;
    const definition = await this.#definitions.get({ org_id, workspace_id }, run.workflow_definition_snapshot_hash);
    const result = await executeCommand({ org_id, workspace_id, aggregate: 'run', id: run.run_id }, {
      eventing: this.#eventing, aggregate: runAggregate, context: { correlation_id: run.automation_id },
      decide: (state, at_ms) => decideRun(command, state, { at_ms, definition }),
    });
    if (result.kind === 'contended') throw new Error(`run ${run.run_id} is being written to by others`);
    return result.loaded.state;
  }
}
