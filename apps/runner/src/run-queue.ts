import type { RunExecutor } from '@cs/automation-application';
import type { ConsumerOutcome, Eventing } from '@cs/eventing';
import type { ConsumerMessage, Precedence, TenantQueuesDefinition } from '@cs/jetstream';
import type { RunnerConfig } from './config.js';
import { handleCommit } from './read-commit.js';

interface RunQueueOptions {
  readonly executor: RunExecutor;
  readonly eventing: Eventing;
  readonly config: Pick<RunnerConfig, 'RUNNER_LEASE_MS' | 'RUNNER_MAX_RUNS' | 'RUNNER_MAX_RUNS_PER_TENANT'>;
  /** Aborted when the process stops: runs are handed back. */
  readonly stopping: AbortSignal;
  readonly precedence?: Precedence;
}

const execute = (message: ConsumerMessage, { executor, eventing, stopping }: RunQueueOptions): Promise<ConsumerOutcome> =>
  handleCommit(message, eventing.store, (stored) => executor.execute(stored, { redelivered: message.deliveryCount > 1, signal: stopping }));

/** How the runner takes the runs that are runnable. */
export const runQueue = (options: RunQueueOptions): TenantQueuesDefinition => ({
  slots: options.config.RUNNER_MAX_RUNS, maxPerTenant: options.config.RUNNER_MAX_RUNS_PER_TENANT,
  ackWaitMs: options.config.RUNNER_LEASE_MS, maxDeliver: 50,
  precedence: options.precedence,
  handle: (message) => execute(message, options),
});
