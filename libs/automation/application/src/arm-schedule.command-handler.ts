import { automationStatus, decideSchedule, startsRuns, type AutomationState, type ScheduleCommand, type ScheduleState } from '@cs/automation-domain';
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

interface Wanted {
  /** Of the automation, as it was read. */
  readonly position: number;
  readonly decide: (at_ms: number) => ScheduleCommand;
}

const readAutomation = ({ eventing: { store } }: ArmScheduleOptions, ref: AggregateRef): Promise<Loaded<AutomationState>> =>
  loadAggregate({ store, aggregate: automationAggregate }, { ...ref, aggregate: 'automation' });

/** What the automation as it is now asks of its schedule. */
const wanted = async (options: ArmScheduleOptions, ref: AggregateRef): Promise<Wanted> => {
  const { state, position } = await readAutomation(options, ref);
  if (state === undefined || !startsRuns(state)) return { position, decide: () => ({ type: 'disarm', reason: `the automation is ${state === undefined ? 'gone' : automationStatus(state)}` }) };
  const { automation_id, tenant_context, definition_hash } = state;
  const { schedule } = await options.definitions.get(ref, definition_hash);
  if (schedule.type === 'manual') return { position, decide: () => ({ type: 'disarm', reason: 'the automation has no schedule any more' }) };
  return { position, decide: (at_ms) => ({ type: 'arm', automation_id, tenant_context, schedule, definition_hash, first_fire_at_ms: nextFire(schedule, at_ms) }) };
};

/**
 * Brings the schedule in line with its automation: armed while that is active and has one. Repeating it
 * changes nothing. `ref` names the automation; throws when others keep writing first.
 */
export const armSchedule = async (options: ArmScheduleOptions, ref: AggregateRef): Promise<Loaded<ScheduleState>> => {
  for (;;) {
    const { position, decide } = await wanted(options, ref);
    const result = await executeCommand<ScheduleState, ScheduleEvent, never>({ ...ref, aggregate: 'schedule' }, {
      eventing: options.eventing, aggregate: scheduleAggregate, context: { correlation_id: ref.id }, decide: (state, at_ms) => decideSchedule(decide(at_ms), state),
    });
    if (result.kind === 'contended') throw new Error(`the schedule of ${ref.id} is being written to`);
    // Whoever followed a change that came meanwhile may have found nothing to do, before this was written.
    if (result.kind === 'refused' || !result.changed || (await readAutomation(options, ref)).position === position) return result.loaded;
  }
};
