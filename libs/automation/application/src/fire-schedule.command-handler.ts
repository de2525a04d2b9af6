import { decideSchedule, startsRuns, type ArmedSchedule, type DueFires, type FireSchedule, type ScheduleState } from '@cs/automation-domain';
import type { AggregateRef, ScheduleEvent } from '@cs/contracts';
import { done, executeCommand, loadAggregate, retryLater, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import { activeRunOf, type ActiveRunOptions } from './active-run.js';
import { armSchedule, type ArmScheduleOptions } from './arm-schedule.command-handler.js';
import { automationAggregate } from './automation.aggregate.js';
import { missedFires } from './fire-times.js';
import { scheduleAggregate } from './schedule.aggregate.js';
import type { FireTimers } from './timers.port.js';
import { createTriggeredRun, derivedRunId } from './triggered-run.js';

export interface FireScheduleOptions extends ArmScheduleOptions, ActiveRunOptions {
  readonly timers: FireTimers;
}

const loadSchedule = async ({ eventing }: FireScheduleOptions, ref: AggregateRef) =>
  await loadAggregate({ store: eventing.store, aggregate: scheduleAggregate }, { ...ref, aggregate: 'schedule' });

const activeAutomation = async ({ eventing }: FireScheduleOptions, ref: AggregateRef) => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, { ...ref, aggregate: 'automation' });
  return startsRuns(state) ? state : undefined;
};

const idsOf = ({ eventing }: FireScheduleOptions, ref: AggregateRef, times: readonly number[]): readonly string[] =>
  times.map((time, index) => derivedRunId(eventing.digest, ['schedule', ref.org_id, ref.workspace_id, ref.id, time, index]));

/** What the state as it is judged makes due: computed again when another runner wrote first. */
const dueOf = (state: ScheduleState, at_ms: number): DueFires =>
  state?.status === 'armed' && state.next_fire_at_ms !== undefined ? missedFires(state.schedule, state.next_fire_at_ms, at_ms) : { count: 0, times_ms: [] };

const fireDue = async (options: FireScheduleOptions, ref: AggregateRef, armed: ArmedSchedule): Promise<ConsumerOutcome> => {
  const automation = await activeAutomation(options, ref);
  // The automation was changed, and its schedule is still the one from before.
  if (automation !== undefined && automation.definition_hash !== armed.definition_hash) {
    await armSchedule(options, ref);
    return await fireSchedule(options, ref);
  }
  const active_run_id = automation && (await activeRunOf(options, ref, automation.tenant_context));
  const result = await executeCommand<ScheduleState, ScheduleEvent, never>({ ...ref, aggregate: 'schedule' }, {
    eventing: options.eventing, aggregate: scheduleAggregate, context: { correlation_id: ref.id },
    decide: (state, at_ms) => {
      const due = dueOf(state, at_ms);
      const command: FireSchedule = { type: 'fire', at_ms, due, run_ids: idsOf(options, ref, due.times_ms), automation, active_run_id };
      return decideSchedule(command, state);
    },
  });
  return result.kind === 'contended' ? retryLater(100, 'the schedule is being written to') : done;
};

/**
 * Handles a fire time that has come: decides by the misfire policy, in one commit, which runs there are
 * to be. Creating them follows from the commit (`followSchedule`). `timerMs` is the time of the timer that
 * says so: by this runner's clock it may be early, and comes again. `ref` names the automation.
 */
export const fireSchedule = async (options: FireScheduleOptions, ref: AggregateRef, timerMs?: number): Promise<ConsumerOutcome> => {
  const { state } = await loadSchedule(options, ref);
  if (state?.status !== 'armed' || state.next_fire_at_ms === undefined) return done;
  const early = state.next_fire_at_ms - options.eventing.clock();
  if (early <= 0) return await fireDue(options, ref, state);
  return state.next_fire_at_ms === timerMs ? retryLater(early, 'the timer is early') : done;
};

type Fired = Extract<ScheduleEvent, { event_type: 'schedule_fired' }>['data'];

const reasonOf = ({ missed }: Fired, dueAtMs: number): string => `${missed === 0 ? 'due' : 'missed, was due'} at ${new Date(dueAtMs).toISOString()}`;

const createRuns = async (options: FireScheduleOptions, fired: Fired, causation_id: string): Promise<void> => {
  const { automation_id, tenant_context, definition_hash, definition_version } = fired;
  for (const [index, run_id] of fired.run_ids.entries()) {
    await createTriggeredRun(options, {
      run_id, automation_id, tenant_context, definition_hash, definition_version, causation_id, input: {},
      trigger_type: 'scheduled', trigger_reason: reasonOf(fired, fired.due_times_ms[index] ?? fired.due_at_ms),
    });
  }
};

/** What follows from a commit of a schedule: the runs that it names, and the timer of the next fire. Repeating it changes nothing. */
export const followSchedule = async (options: FireScheduleOptions, { ref, commit }: StoredCommit): Promise<ConsumerOutcome> => {
  for (const event of commit.events as unknown as readonly (ScheduleEvent & { readonly event_id: string })[]) {
    if (event.event_type === 'schedule_fired') await createRuns(options, event.data, event.event_id);
  }
  const { state } = await loadSchedule(options, ref);
  if (state?.status === 'armed' && state.next_fire_at_ms !== undefined) await options.timers.set({ ...ref, aggregate: 'automation' }, state.next_fire_at_ms);
  return done;
};
