import type { RunExecutor } from '@cs/automation-application';
import { parseLogSubject } from '@cs/contracts';
import { decodeCommit, giveUp, UnreadableCommitError, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { blobHeader, type ConsumerMessage, type TenantQueuesDefinition } from '@cs/jetstream';
import { toPosition } from '@cs/kernel';
import type { RunnerConfig } from './config.js';

interface RunQueueOptions {
  readonly executor: RunExecutor;
  readonly eventing: Eventing;
  readonly config: Pick<RunnerConfig, 'RUNNER_LEASE_MS' | 'RUNNER_MAX_RUNS' | 'RUNNER_MAX_RUNS_PER_TENANT'>;
  /** Aborted when the process stops: runs are handed back. */
  readonly stopping: AbortSignal;
}

const readCommit = async (message: ConsumerMessage, { store }: Eventing): Promise<StoredCommit | undefined> => {
  const position = toPosition(message.position);
  // Data beside the message: the store puts it back.
  if (message.header(blobHeader) !== '') return await store.at(position);
  const subject = parseLogSubject(message.subject);
  return subject && decodeCommit(subject, { position, body: message.text() });
};

const execute = async (message: ConsumerMessage, { executor, eventing, stopping }: RunQueueOptions): Promise<ConsumerOutcome> => {
  try {
    const stored = await readCommit(message, eventing);
    if (stored === undefined) return giveUp(`"${message.subject}" is no commit of a run`);
    return await executor.execute(stored, { redelivered: message.deliveryCount > 1, signal: stopping });
  } catch (error) {
    if (error instanceof UnreadableCommitError) return giveUp(error.message);
    throw error;
  }
};

/** How the runner takes the runs that are runnable. */
export const runQueue = (options: RunQueueOptions): TenantQueuesDefinition => ({
  slots: options.config.RUNNER_MAX_RUNS, maxPerTenant: options.config.RUNNER_MAX_RUNS_PER_TENANT,
  ackWaitMs: options.config.RUNNER_LEASE_MS, maxDeliver: 50,
  handle: (message) => execute(message, options),
});
