import type { AggregateRef, Run, TenantContext } from '@cs/contracts';
import { loadAggregate, type Eventing } from '@cs/eventing';
import { runAggregate } from './run.aggregate.js';
import { scheduleAggregate } from './schedule.aggregate.js';
import { watchAggregate } from './watch.aggregate.js';

/** Runs of an automation as the projections show them: they lag, and may be away. */
export interface ActiveRuns {
  /** Runs that were queued or running, the newest; none when the projections cannot be read now. They may have ended since. */
  find(tenant: TenantContext, automationId: string): Promise<readonly string[]>;
}

export interface ActiveRunOptions {
  readonly eventing: Eventing;
  readonly activeRuns: ActiveRuns;
}

/** A run that was decided upon is about to be created; one that is not there after so long never will be. */
const creationMs = 60_000;

interface Started {
  readonly run_ids: readonly string[];
  readonly at_ms: number;
}

const isActive = ({ status }: Run): boolean => status === 'queued' || status === 'running' || status === 'pausing';

/** Runs that the automation's own triggers created last: known from the log before any projection shows them. */
const startedLast = async ({ store }: Eventing, ref: AggregateRef): Promise<readonly Started[]> => {
  const [schedule, watch] = await Promise.all([
    loadAggregate({ store, aggregate: scheduleAggregate }, { ...ref, aggregate: 'schedule' }),
    loadAggregate({ store, aggregate: watchAggregate }, { ...ref, aggregate: 'watch' }),
  ]);
  return [
    { run_ids: schedule.state?.last_run_ids ?? [], at_ms: schedule.state?.last_fired_at_ms ?? 0 },
    { run_ids: watch.state === undefined ? [] : [watch.state.run_id], at_ms: watch.state?.triggered_at_ms ?? 0 },
  ];
};

const loadRun = async ({ store }: Eventing, ref: AggregateRef, run_id: string): Promise<Run | undefined> =>
  (await loadAggregate({ store, aggregate: runAggregate }, { ...ref, aggregate: 'run', id: run_id })).state;

const activeAmong = async (eventing: Eventing, ref: AggregateRef, { run_ids, at_ms }: Started): Promise<string | undefined> => {
  for (const run_id of [...run_ids].reverse()) {
    const state = await loadRun(eventing, ref, run_id);
    if (state === undefined ? eventing.clock() - at_ms < creationMs : isActive(state)) return run_id;
  }
  return undefined;
};

/** What the projections name may have ended since: a fire that is skipped because of it never comes again. */
const stillActive = async (eventing: Eventing, ref: AggregateRef, run_ids: readonly string[]): Promise<string | undefined> => {
  for (const run_id of run_ids) {
    const state = await loadRun(eventing, ref, run_id);
    if (state !== undefined && isActive(state)) return run_id;
  }
  return undefined;
};

/** A run of the automation that is queued or running as the log has it; those that others asked for are found through the projections. `ref` is the automation's. */
export const activeRunOf = async ({ eventing, activeRuns }: ActiveRunOptions, ref: AggregateRef, tenant: TenantContext): Promise<string | undefined> => {
  for (const started of await startedLast(eventing, ref)) {
    const found = await activeAmong(eventing, ref, started);
    if (found !== undefined) return found;
  }
  return await stillActive(eventing, ref, await activeRuns.find(tenant, ref.id));
};
