import { automationStatus, decideSchedule, startsRuns, type ScheduleCommand, type ScheduleState } from '@cs/automation-domain';
import type { AggregateRef, ScheduleEvent } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type Loaded } from '@cs/eventing';
import { automationAggregate } from './automation.aggregate.js';
import type { DefinitionLibrary } from './definition-library.js';
import { nextFire } from './fire-times.js';
import { scheduleAggregate } from './schedule.aggregate.js';

export interface ArmScheduleOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
}

type Decide = (at_ms: number) => ScheduleCommand;

/** What the automation as it is now asks of its schedule. */
const wanted = async ({ eventing, definitions }: ArmScheduleOptions, ref: AggregateRef): Promise<Decide> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, { ...ref, aggregate: 'automation' });
  if (state === undefined || !startsRuns(state)) return () => ({ type: 'disarm', reason: `the automation is ${state === undefined ? 'gone' : automationStatus(state)}` });
  const { automation_id, tenant_context, definition_hash } = state;
  const { schedule } = await definitions.get(ref, definition_hash);
  if (schedule.type === 'manual') return () => ({ type: 'disarm', reason: 'the automation has no schedule any more' });
  return (at_ms) => ({ type: 'arm', automation_id, tenant_context, schedule, definition_hash, first_fire_at_ms: nextFire(schedule, at_ms) });
};

/**
 * Brings the schedule in line with its automation: armed while that is active and has one. Repeating it
 * changes nothing. `ref` names the automation; throws when others keep writing first.
 */
export const armSchedule = async (options: ArmScheduleOptions, ref: AggregateRef): Promise<Loaded<ScheduleState>> => {
  const decide = await wanted(options, ref);
  const result = await executeCommand<ScheduleState, ScheduleEvent, never>({ ...ref, aggregate: 'schedule' }, {
    eventing: options.eventing, aggregate: scheduleAggregate, context: { correlation_id: ref.id }, decide: (state, at_ms) => decideSchedule(decide(at_ms), state),
  });
  if (result.kind === 'contended') throw new Error(`the schedule of ${ref.id} is being written to`);
  return result.loaded;
};
