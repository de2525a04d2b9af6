import type { Run } from '@cs/contracts';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { toHeld, toQueued } from './run.state.js';

const held = (run: Run, { data, recorded_at_ms }: RunEventNamed<'run_launch_held'>): Run => toHeld(run, { ...data, queued_at_ms: recorded_at_ms });

/** Events of the admission of queued runs. */
export const admissionEvolvers: Evolvers<'run_launch_held' | 'run_launch_released'> = {
  run_launch_held: held,
  run_launch_released: (run, { data }) => toQueued(run, data.reason),
};
