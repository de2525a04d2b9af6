import type { FanOut, FlowNode, Run, UnsuccessfulItem } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { holdOfNode } from './policy-approval.js';
import { hasOutcome } from './repairable-output.js';
import { workKey } from './work-key.js';

/** Items in a piece of `outputs`: adding one copies so many, and as many references to pieces at 10,000 items. */
export const outputPieceLength = 100;

/** What a fan-out could do next. */
export interface FanOutPlan {
  readonly node: FlowNode;
  /** Items that may start now, in their order: those that are to be repeated, then new ones. */
  readonly items: readonly number[];
  /** Nothing of it runs, waits or will start: its node can be finished. */
  readonly isOver: boolean;
}

export const fanOutOf = ({ checkpoint }: Pick<Run, 'checkpoint'>, node_id: string): FanOut | undefined =>
  checkpoint.fan_outs !== undefined && Object.hasOwn(checkpoint.fan_outs, node_id) ? checkpoint.fan_outs[node_id] : undefined;

/** Open items that neither execute nor wait: their back-off is over, or an operator has them tried again. */
const repeatable = ({ checkpoint }: Run, node_id: string, fanOut: FanOut): readonly number[] => {
  const waiting = new Set(checkpoint.open_waits.filter((wait) => wait.node_id === node_id).map(({ item }) => item));
  return fanOut.open_items.filter((item) => !waiting.has(item) && !Object.hasOwn(checkpoint.in_progress, workKey({ node_id, item })));
};

/** New items: none after one that did not succeed. */
const startableItems = (fanOut: FanOut, maxParallel: number): readonly number[] => {
  if (Object.keys(fanOut.unsuccessful).length > 0) return [];
  const count = Math.min(maxParallel - fanOut.open_items.length, fanOut.items.length - fanOut.next_item);
  return Array.from({ length: Math.max(count, 0) }, (_, index) => fanOut.next_item + index);
};

/** The plan of a node's fan-out; `undefined` when the node has none that goes on. */
export const planFanOut = (run: Run, node: FlowNode): FanOutPlan | undefined => {
  const fanOut = fanOutOf(run, node.node_id);
  if (fanOut === undefined || hasOutcome(run.checkpoint, node.node_id)) return undefined;
  const fresh = startableItems(fanOut, node.for_each?.max_parallel ?? 1);
  const items = holdOfNode(run, node.node_id) === undefined ? [...repeatable(run, node.node_id, fanOut), ...fresh] : [];
  return { node, items, isOver: fanOut.open_items.length + fresh.length === 0 };
};

/** The outputs in the order of the items. Complete only when every item succeeded. */
export const fanOutOutputs = ({ outputs, items }: FanOut): readonly Json[] => {
  const all = outputs.flat();
  return all.length <= items.length ? all : all.slice(0, items.length);
};

const emptyPiece: readonly Json[] = Array.from({ length: outputPieceLength }, () => null);

/** `outputs` with that of one item. */
export const withItemOutput = (outputs: FanOut['outputs'], item: number, output: Json): FanOut['outputs'] => {
  const at = Math.floor(item / outputPieceLength);
  const pieces = [...outputs];
  while (pieces.length <= at) pieces.push(emptyPiece);
  pieces[at] = (pieces[at] ?? emptyPiece).with(item % outputPieceLength, output);
  return pieces;
};

/** The item that decides how the fan-out ends: one that a person has to reconcile comes before one that failed. */
export const decisiveItem = ({ unsuccessful }: FanOut): { readonly item: number; readonly ended: UnsuccessfulItem } | undefined => {
  const ended = Object.entries(unsuccessful).map(([item, how]) => ({ item: Number(item), ended: how }));
  return ended.find(({ ended: { status } }) => status === 'blocked') ?? ended[0];
};
