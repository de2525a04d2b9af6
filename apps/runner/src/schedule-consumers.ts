import { statusSubjects, streams, type AggregateRef } from '@cs/contracts';
import { done, giveUp, type ConsumerOutcome } from '@cs/eventing';
import { firedSchedules, type ConsumerDefinition, type ConsumerMessage, type FiredSchedule } from '@cs/jetstream';
import { armSchedule, fireSchedule, followSchedule, type FireScheduleOptions } from '@cs/automation-application';
import { z } from 'zod';
import { handleCommit } from './read-commit.js';

const firedSchema: z.ZodType<FiredSchedule> = z.object({ org_id: z.string(), workspace_id: z.string(), automation_id: z.string(), due_at_ms: z.int() });

export const automationRef = ({ org_id, workspace_id, automation_id }: Pick<FiredSchedule, 'org_id' | 'workspace_id' | 'automation_id'>): AggregateRef => ({
  org_id, workspace_id, aggregate: 'automation', id: automation_id,
});

/** Told how late each fire is, in ms. */
type OnFired = (latenessMs: number) => void;

const fire = async (message: ConsumerMessage, options: FireScheduleOptions, onFired: OnFired): Promise<ConsumerOutcome> => {
  const fired = firedSchema.safeParse(JSON.parse(message.text()));
  if (!fired.success) return giveUp('not a timer of a schedule');
  if (message.deliveryCount === 1) onFired(options.eventing.clock() - fired.data.due_at_ms);
  return await fireSchedule(options, automationRef(fired.data), fired.data.due_at_ms);
};

/** A short lease: what a dead runner held is due now. */
const settings = { ackWaitMs: 2000, maxInFlight: 64, maxDeliver: 50 };

/** What keeps schedules going: changes of automations arm them, timers fire them, their commits create the runs. */
export const scheduleConsumers = (options: FireScheduleOptions, onFired: OnFired): readonly ConsumerDefinition[] => [
  {
    ...settings, durable: 'runner--schedule-arming', stream: streams.log.name, filters: [statusSubjects('automation', '*')],
    handle: (message) => handleCommit(message, options.eventing.store, async ({ ref }) => {
      await armSchedule(options, ref);
      return done;
    }),
  },
  { ...settings, durable: 'runner--schedule-timers', stream: streams.timers.name, filters: [firedSchedules], handle: (message) => fire(message, options, onFired) },
  {
    ...settings, durable: 'runner--schedule-fires', stream: streams.log.name, filters: [statusSubjects('schedule', '*')],
    handle: (message) => handleCommit(message, options.eventing.store, (stored) => followSchedule(options, stored)),
  },
];
