import { runSchema, type RunEvent } from '@cs/contracts';
import { evolveRun, statefulStatus, type RunState } from '@cs/automation-domain';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';

/** How runs are folded, routed and stored. */
export const runAggregate: Aggregate<RunState, RunEvent> = {
  name: 'run',
  initialState: undefined,
  evolve: evolveRun,
  status: (run) => (run === undefined ? 'absent' : statefulStatus(run)),
  isAtRest: (run) => run !== undefined && run.status !== 'running',
  hasTrace: true,
  // 2: effects that may have happened are remembered (0.1.0 forgot them once their attempt was over).
  stateVersion: 2,
  writeState: (run) => (run ?? null) as unknown as Json,
  readState: (value) => runSchema.parse(value),
};
