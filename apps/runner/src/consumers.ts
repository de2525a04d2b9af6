import { parseLogSubject, statusSubjects, streams } from '@cs/contracts';
import { giveUp, retryLater, type ConsumerOutcome } from '@cs/eventing';
import { FairSlots, type ConsumerDefinition, type ConsumerMessage, type FiredTimer, type Precedence } from '@cs/jetstream';
import type { RunAdmission, RunExecutor, WakeOptions } from '@cs/automation-application';
import { holdTimerId, wakeWait } from '@cs/automation-application';
import { z } from 'zod';
import type { RunnerMetrics } from './runner-metrics.js';

interface RunnerConsumers {
  readonly executor: RunExecutor;
  readonly wake: WakeOptions;
  readonly admission: RunAdmission;
  readonly metrics: Pick<RunnerMetrics, 'timerFired'>;
  /** Timers go before the queued runs of their tenant. */
  readonly precedence: Precedence;
  /** Aborted when the process stops: timers that wait their turn are handed back. */
  readonly stopping: AbortSignal;
}

/** Timers that a runner handles at a time: a disk that is slow to flush is not what limits it. */
const timersAtATime = 256;
/** Timers that a runner takes on, so that it sees those of every tenant: only then can their tenants take turns. */
const timersTakenOn = 8192;

const firedSchema: z.ZodType<FiredTimer> = z.object({ org_id: z.string(), workspace_id: z.string(), run_id: z.string(), wait_id: z.string(), due_at_ms: z.number().optional() });

const afterEnd = async (message: ConsumerMessage, { executor }: RunnerConsumers): Promise<ConsumerOutcome> => {
  const subject = parseLogSubject(message.subject);
  return subject === undefined ? giveUp(`"${message.subject}" is no commit of a run`) : await executor.afterEnd(subject);
};

/** Ends the wait of a timer when its tenant has its turn. */
const wake = async (message: ConsumerMessage, { wake: options, admission, metrics, precedence }: RunnerConsumers, slots: FairSlots): Promise<ConsumerOutcome> => {
  const fired = firedSchema.safeParse(JSON.parse(message.text()));
  if (!fired.success) return giveUp('not a timer');
  const { org_id, workspace_id, run_id, wait_id, due_at_ms } = fired.data;
  const ref = { org_id, workspace_id, aggregate: 'run', id: run_id } as const;
  const inTurn = async (task: () => Promise<ConsumerOutcome>): Promise<ConsumerOutcome> =>
    (await slots.use(`${org_id}.${workspace_id}`, () => {
      if (due_at_ms !== undefined && message.deliveryCount === 1) metrics.timerFired(options.eventing.clock() - due_at_ms);
      return task();
    })) ?? retryLater(0, 'the runner stops');
  if (wait_id === holdTimerId) return await inTurn(() => admission.recheck(ref));
  return await precedence.first(ref, () => inTurn(() => wakeWait(options, ref, wait_id)));
};

/** Everything the runner listens to, beside the runs that are runnable (run-queue.ts). */
export const runnerConsumers = (options: RunnerConsumers): readonly ConsumerDefinition[] => {
  const timerSlots = new FairSlots({ slots: timersAtATime, stopping: options.stopping });
  return [
    {
      // Runs that their own runner did not bring to their end: it tells parents and children itself.
      durable: 'runner--ended-runs', stream: streams.log.name, filters: [statusSubjects('run', 'cancelled'), statusSubjects('run', 'failed')],
      ackWaitMs: 15_000, maxInFlight: 64, maxDeliver: 50,
      handle: (message) => afterEnd(message, options),
    },
    {
      durable: 'runner--fired-timers', stream: streams.timers.name, filters: ['cs.timer.fired.>'],
      ackWaitMs: 15_000, maxInFlight: timersTakenOn, maxDeliver: 50,
      handle: (message) => wake(message, options, timerSlots),
    },
  ];
};
