import type { Run, RunEvent } from '@cs/contracts';
import { loadAggregate, type StoredCommit } from '@cs/eventing';
import { accept, type Json } from '@cs/kernel';
import { decideRun } from '@cs/automation-domain';
import { executeCommand } from '@cs/eventing';
import { ada, automation, callBy, tenant, valueOf } from './in-memory-application.fixture.js';
import { requestRun } from './request-run.command-handler.js';
import { runAggregate } from './run.aggregate.js';
import { InMemoryExecution } from './run-executor.fixture.js';
import { createAutomation } from './store-automation.command-handler.js';

/** The process ends at this write. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

const ends = new Set(['cancelled', 'failed']);

/** Several automations and their runs over the log in memory; messages are delivered until nothing is left to do. */
export class StepWorld extends InMemoryExecution {
  readonly #handled = new Set<number>();
  #runners = 0;
  writes = 0;
  /** The process ends just before (`false`) or just after (`true`) its write of this number, from 1. */
  crash: { readonly at: number; readonly after: boolean } | undefined;

  constructor() {
    super();
    const { store } = this.app;
    const append = store.append.bind(store);
    store.append = async (...commit) => {
      this.writes += 1;
      const dies = this.crash?.at === this.writes;
      if (dies && !this.crash?.after) throw new Crash();
      const result = await append(...commit);
      if (dies) throw new Crash();
      return result;
    };
  }

  async define(automation_id: string, flow: readonly Json[], extra: Record<string, Json> = {}): Promise<void> {
    valueOf(await createAutomation(this.app, callBy(), { ...automation(flow, extra), automation_id }));
  }

  async startOf(automation_id: string, input: Json = {}): Promise<string> {
    return valueOf(await requestRun(this.app, callBy(), { automation_id, input })).run.run_id;
  }

  /** Every run that there is, by id. */
  async runs(): Promise<readonly Run[]> {
    const ids = [...new Set(this.app.store.all().filter(({ ref }) => ref.aggregate === 'run').map(({ ref }) => ref.id))];
    return await Promise.all(ids.map((id) => this.app.run(id)));
  }

  async childrenOf(run_id: string): Promise<readonly Run[]> {
    return (await this.runs()).filter(({ parent }) => parent?.run_id === run_id);
  }

  /** Delivers every message; one whose handler died comes again, to another runner. */
  async drive(): Promise<void> {
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      for (let delivery = 1; !(await this.#deliver(message, delivery)); delivery += 1) if (delivery > 20) throw new Error('the message cannot be handled');
      this.#handled.add(message.position);
    }
  }

  /** The messages of a run so far were handled. */
  dismiss(run_id: string): void {
    for (const { ref, position } of this.app.store.all()) if (ref.id === run_id) this.#handled.add(position);
  }

  async decide(run_id: string, decision: string): Promise<void> {
    const run = await this.app.run(run_id);
    const definition = await this.app.definitions.get(run.tenant_context, run.workflow_definition_snapshot_hash);
    await executeCommand(this.refOf(run_id), {
      eventing: this.app.eventing, aggregate: runAggregate, context: {}, decide: (state, at_ms) => decideRun({ type: 'decide_gate', decision, decided_by: ada }, state, { at_ms, definition }),
    });
  }

  /** Ends a run from outside, as an operator or a limit does. */
  async cancel(run_id: string): Promise<void> {
    const loaded = await loadAggregate({ store: this.app.store, aggregate: runAggregate }, this.refOf(run_id));
    const result = await executeCommand(this.refOf(run_id), {
      eventing: this.app.eventing, aggregate: runAggregate, loaded, context: {},
      decide: () => accept<RunEvent>({ event_type: 'run_cancelled', data: { reason: 'stopped', stop_kind: 'operator_stopped' } }),
    });
    if (result.kind !== 'accepted') throw new Error(result.kind);
  }

  refOf(run_id: string) {
    return { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id } as const;
  }

  events(run_id: string): readonly string[] {
    return this.app.store.all().filter(({ ref }) => ref.id === run_id).flatMap(({ commit }) => commit.events.map(({ event_type }) => event_type));
  }

  #next(): StoredCommit | undefined {
    return this.app.store.all().find(({ ref, status, position }) => ref.aggregate === 'run' && (status === 'queued' || ends.has(status)) && !this.#handled.has(position));
  }

  async #deliver(message: StoredCommit, delivery: number): Promise<boolean> {
    this.#runners += delivery > 1 ? 1 : 0;
    const by = `runner-${this.#runners}`;
    try {
      await (message.status === 'queued' ? this.execute(message, { by, redelivered: delivery > 1 }) : this.executor(by).afterEnd(message));
      return true;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.expireClaims();
      return false;
    }
  }
}
