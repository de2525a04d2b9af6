import type { FanOut, NodeOutput, Run, RunCheckpoint, UnsuccessfulItem } from '@cs/contracts';
import { fanOutOf, withItemOutput } from './fan-out.js';
import type { RunEventNamed } from './run-evolvers.js';
import { withCheckpoint } from './run.state.js';
import { knownEffect } from './unknown-effects.js';
import { workKey, workOfKey } from './work-key.js';
import { without } from './without.js';

const withFanOut = (run: Run, node_id: string, change: (fanOut: FanOut) => Partial<FanOut>): Run => {
  const fanOut = fanOutOf(run, node_id);
  return fanOut === undefined ? run : withCheckpoint(run, { fan_outs: { ...run.checkpoint.fan_outs, [node_id]: { ...fanOut, ...change(fanOut) } } });
};

export const fanOutStarted = (run: Run, { data: { node_id, attempt, items } }: RunEventNamed<'node_fan_out_started'>): Run =>
  withCheckpoint(run, {
    fan_outs: { ...run.checkpoint.fan_outs, [node_id]: { items, next_item: 0, open_items: [], outputs: [], unsuccessful: {} } },
    node_attempts: { ...run.checkpoint.node_attempts, [node_id]: attempt },
  });

export const itemStarted = (run: Run, node_id: string, item: number): Run =>
  withFanOut(run, node_id, ({ next_item, open_items }) => ({
    next_item: Math.max(next_item, item + 1), open_items: open_items.includes(item) ? open_items : [...open_items, item],
  }));

/** An item needs its attempts only until it ended: a checkpoint must not grow with every item that ever was. */
const endItem = (run: Run, node_id: string, { item, change }: { item: number; change: (fanOut: FanOut) => Partial<FanOut> }): Run => {
  const key = workKey({ node_id, item });
  const { in_progress, node_attempts, first_started_at_ms } = run.checkpoint;
  const ended = withCheckpoint(run, {
    in_progress: without(in_progress, key), node_attempts: without(node_attempts, key),
    ...(first_started_at_ms === undefined ? {} : { first_started_at_ms: without(first_started_at_ms, key) }),
  });
  return withFanOut(ended, node_id, (fanOut) => ({ open_items: fanOut.open_items.filter((open) => open !== item), ...change(fanOut) }));
};

/** A node that was blocked by an item goes on once no item of it is to be reconciled. */
const unblocked = (run: Run, node_id: string): Run => {
  const { node_outputs, blocked_nodes } = run.checkpoint;
  if (node_outputs[node_id]?.status !== 'blocked') return run;
  if (Object.values(fanOutOf(run, node_id)?.unsuccessful ?? {}).some(({ status }) => status === 'blocked')) return run;
  return withCheckpoint(run, { node_outputs: without(node_outputs, node_id), blocked_nodes: blocked_nodes.filter((id) => id !== node_id) });
};

/** An item has its output, whoever gave it. */
export const completeItem = (run: Run, node_id: string, { item, output }: { item: number; output: NodeOutput }): Run =>
  unblocked(endItem(withCheckpoint(run, knownEffect(run.checkpoint, { node_id, item })), node_id, { item, change: ({ outputs, unsuccessful }) => ({ outputs: withItemOutput(outputs, item, output.content), unsuccessful: without(unsuccessful, String(item)) }) }), node_id);

/** An item failed for good, or has to be reconciled. */
export const endItemWithout = (run: Run, node_id: string, { item, ended }: { item: number; ended: UnsuccessfulItem }): Run =>
  unblocked(endItem(run, node_id, { item, change: ({ unsuccessful }) => ({ unsuccessful: { ...unsuccessful, [String(item)]: ended } }) }), node_id);

/**
 * An item that is to be executed again, with the key that its effect has. Its attempts go on counting: its
 * next wait, or child run, is not the one of an attempt that ended.
 */
export const reopenItem = (run: Run, node_id: string, item: number): Run => {
  const ended = fanOutOf(run, node_id)?.unsuccessful[String(item)];
  const attempts = ended === undefined ? {} : { [workKey({ node_id, item })]: ended.attempt };
  const counted = withCheckpoint(run, { node_attempts: { ...run.checkpoint.node_attempts, ...attempts } });
  return unblocked(withFanOut(counted, node_id, ({ open_items, unsuccessful }) => ({
    open_items: open_items.includes(item) ? open_items : [...open_items, item], unsuccessful: without(unsuccessful, String(item)),
  })), node_id);
};

const ofOtherNodes = <Value>(record: Readonly<Record<string, Value>>, nodes: ReadonlySet<string>): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !nodes.has(workOfKey(key).node_id)));

/** Members of a checkpoint without anything of these nodes and of their items. */
export const withoutWorkOf = (checkpoint: RunCheckpoint, nodes: ReadonlySet<string>): Pick<RunCheckpoint, 'in_progress' | 'node_attempts' | 'earlier_attempts' | 'fan_outs' | 'first_started_at_ms' | 'unknown_effects'> => ({
  in_progress: ofOtherNodes(checkpoint.in_progress, nodes),
  node_attempts: ofOtherNodes(checkpoint.node_attempts, nodes),
  ...(checkpoint.earlier_attempts === undefined ? {} : { earlier_attempts: ofOtherNodes(checkpoint.earlier_attempts, nodes) }),
  ...(checkpoint.first_started_at_ms === undefined ? {} : { first_started_at_ms: ofOtherNodes(checkpoint.first_started_at_ms, nodes) }),
  ...(checkpoint.fan_outs === undefined ? {} : { fan_outs: ofOtherNodes(checkpoint.fan_outs, nodes) }),
  ...(checkpoint.unknown_effects === undefined ? {} : { unknown_effects: ofOtherNodes(checkpoint.unknown_effects, nodes) }),
});
