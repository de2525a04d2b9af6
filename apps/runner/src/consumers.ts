import { parseLogSubject, statusSubjects, streams } from '@cs/contracts';
import { decodeCommit, giveUp, UnreadableCommitError, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import { blobHeader, type ConsumerDefinition, type ConsumerMessage, type FiredTimer } from '@cs/jetstream';
import { toPosition } from '@cs/kernel';
import type { RunExecutor, WakeOptions } from '@cs/automation-application';
import { wakeWait } from '@cs/automation-application';
import { z } from 'zod';

interface RunnerConsumers {
  readonly executor: RunExecutor;
  readonly wake: WakeOptions;
  readonly leaseMs: number;
  readonly maxRuns: number;
  /** Aborted when the process stops: runs are handed back. */
  readonly stopping: AbortSignal;
}

const firedSchema: z.ZodType<FiredTimer> = z.object({ org_id: z.string(), workspace_id: z.string(), run_id: z.string(), wait_id: z.string() });

const readCommit = async (message: ConsumerMessage, { wake: { eventing } }: RunnerConsumers): Promise<StoredCommit | undefined> => {
  const position = toPosition(message.position);
  // Data beside the message: the store puts it back.
  if (message.header(blobHeader) !== '') return await eventing.store.at(position);
  const subject = parseLogSubject(message.subject);
  return subject && decodeCommit(subject, { position, body: message.text() });
};

const execute = async (message: ConsumerMessage, options: RunnerConsumers): Promise<ConsumerOutcome> => {
  try {
    const stored = await readCommit(message, options);
    if (stored === undefined) return giveUp(`"${message.subject}" is no commit of a run`);
    return await options.executor.execute(stored, { redelivered: message.deliveryCount > 1, signal: options.stopping });
  } catch (error) {
    if (error instanceof UnreadableCommitError) return giveUp(error.message);
    throw error;
  }
};

const afterEnd = async (message: ConsumerMessage, { executor }: RunnerConsumers): Promise<ConsumerOutcome> => {
  const subject = parseLogSubject(message.subject);
  return subject === undefined ? giveUp(`"${message.subject}" is no commit of a run`) : await executor.afterEnd(subject);
};

const wake = async (message: ConsumerMessage, options: WakeOptions): Promise<ConsumerOutcome> => {
  const fired = firedSchema.safeParse(JSON.parse(message.text()));
  if (!fired.success) return giveUp('not a timer');
  const { org_id, workspace_id, run_id, wait_id } = fired.data;
  return await wakeWait(options, { org_id, workspace_id, aggregate: 'run', id: run_id }, wait_id);
};

/** Everything the runner listens to. */
export const runnerConsumers = (options: RunnerConsumers): readonly ConsumerDefinition[] => [
  {
    durable: 'runner--queued-runs', stream: streams.log.name, filters: [statusSubjects('run', 'queued')],
    ackWaitMs: options.leaseMs, maxInFlight: options.maxRuns, maxDeliver: 50,
    handle: (message) => execute(message, options),
  },
  {
    // Runs that their own runner did not bring to their end: it tells parents and children itself.
    durable: 'runner--ended-runs', stream: streams.log.name, filters: [statusSubjects('run', 'cancelled'), statusSubjects('run', 'failed')],
    ackWaitMs: 15_000, maxInFlight: 64, maxDeliver: 50,
    handle: (message) => afterEnd(message, options),
  },
  {
    durable: 'runner--fired-timers', stream: streams.timers.name, filters: ['cs.timer.fired.>'],
    ackWaitMs: 15_000, maxInFlight: 64, maxDeliver: 50,
    handle: (message) => wake(message, options.wake),
  },
];
