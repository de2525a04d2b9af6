import type { NodeResult } from '@cs/automation-domain';
import type { Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';

/** What a node yields whose child run is complete: the outputs of the nodes that succeeded, by their ids. */
const contentOf = ({ run_id, status, checkpoint }: Run): Json => ({
  run_id, status,
  outputs: Object.fromEntries(Object.entries(checkpoint.node_outputs).filter(([, output]) => output.status === 'completed' || output.status === 'skipped').map(([node_id, { content }]) => [node_id, content])),
});

const failed = (kind: string, message: string): NodeResult => ({ kind: 'failed', failure: { kind, message }, effect: 'answered', retryable: true });

/** How a child run ended, as its parent sees it; `undefined` while it has not. */
export const childOutcome = (run: Run): NodeResult | undefined => {
  const { run_id, automation_id, detail } = run;
  const why = detail === undefined ? '' : `: ${detail}`;
  if (run.status === 'completed') return { kind: 'succeeded', contract_kind: 'automation', content: contentOf(run) };
  if (run.status === 'failed') return failed('child_run_failed', `run ${run_id} of "${automation_id}" failed${why}`);
  return run.status === 'cancelled' ? failed('child_run_cancelled', `run ${run_id} of "${automation_id}" was cancelled${why}`) : undefined;
};
