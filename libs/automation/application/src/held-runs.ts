import { holdOf, holdsRuns } from '@cs/automation-domain';
import type { AggregateRef, Run } from '@cs/contracts';
import { loadAggregate, type Eventing } from '@cs/eventing';
import { cancelHeld, releaseHeld, type AutomationStatuses } from './automation-pause.js';
import type { DefinitionLibrary } from './definition-library.js';
import { releaseGoverned } from './governance/governed-run.js';
import type { RunAdmission } from './run-admission.js';
import { runAggregate } from './run.aggregate.js';

export interface HeldRunsOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly automations: AutomationStatuses;
  readonly admission: Pick<RunAdmission, 'recheck'>;
}

const load = async ({ eventing: { store } }: HeldRunsOptions, ref: AggregateRef): Promise<Run | undefined> => (await loadAggregate({ store, aggregate: runAggregate }, ref)).state;

/** What the automation of now says about a run that was held because it was paused. */
const followAutomation = async (options: HeldRunsOptions, ref: AggregateRef, { automation_id, workflow_definition_snapshot_hash }: Run): Promise<boolean> => {
  const status = await options.automations.readStatus(ref, automation_id);
  const definition = await options.definitions.get(ref, workflow_definition_snapshot_hash);
  if (status === 'deleted_paused') return await cancelHeld(options, { ref, definition, automation_id });
  return holdsRuns(status) && status !== 'held' ? false : await releaseHeld(options, { ref, definition, automation_id });
};

/** What was never allowed to start, and cannot be any more, is over. */
const followGovernance = async (options: HeldRunsOptions, ref: AggregateRef, { automation_id, workflow_definition_snapshot_hash }: Run): Promise<boolean> => {
  if ((await options.automations.readStatus(ref, automation_id)) !== 'deleted_paused') return await releaseGoverned(options, ref);
  return await cancelHeld(options, { ref, definition: await options.definitions.get(ref, workflow_definition_snapshot_hash), automation_id });
};

/** What a limit says about a run now. A rate does not open before its time. */
const followLimit = async (options: HeldRunsOptions, ref: AggregateRef, retry_after_ms = 0): Promise<boolean> => {
  if (retry_after_ms > options.eventing.clock()) return false;
  await options.admission.recheck(ref);
  const after = await load(options, ref);
  return after !== undefined && holdOf(after) === undefined;
};

/**
 * Looks at a held run once more, whatever became of the message that should have led here: its automation
 * may be active again or gone, or what it waits for may be free. True when the run is not held any more.
 */
export const examineHeld = async (options: HeldRunsOptions, ref: AggregateRef): Promise<boolean> => {
  const run = await load(options, ref);
  const hold = run && holdOf(run);
  if (run === undefined || hold === undefined) return false;
  if (hold.queue_reason === 'automation_paused') return await followAutomation(options, ref, run);
  return hold.queue_reason === 'governance' ? await followGovernance(options, ref, run) : await followLimit(options, ref, hold.retry_after_ms);
};
