import type { Run } from '@cs/contracts';
import { reopenItem } from './fan-out-evolution.js';
import { fanOutOf } from './fan-out.js';
import { asRepairable } from './repairable-output.js';
import { withCheckpoint } from './run.state.js';

/** Items of a fan-out that failed are tried again; those that a person has to reconcile are not. */
const reopenItems = (run: Run, node_id: string): Run => {
  const failed = Object.entries(fanOutOf(run, node_id)?.unsuccessful ?? {}).filter(([, { status }]) => status === 'failed');
  return failed.reduce((reopened, [item]) => reopenItem(reopened, node_id, Number(item)), run);
};

/** Keeps what is known of failed nodes, and lets them start again. */
export const makeRepairable = (run: Run, node_ids: readonly string[]): Run => {
  const outputs = { ...run.checkpoint.node_outputs };
  for (const id of node_ids) {
    const output = outputs[id];
    if (output !== undefined) outputs[id] = asRepairable(output);
  }
  return node_ids.reduce(reopenItems, withCheckpoint(run, { node_outputs: outputs }));
};
