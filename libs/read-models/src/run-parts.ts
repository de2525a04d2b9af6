import { outputPieceLength } from '@cs/automation-domain';
import type { FanOut, Run } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import type { WorkspaceKey } from './tenant-key.js';

/** What does not change any more of a run with a long list: the list, or the outputs of a hundred of its items. */
export interface RunPart {
  /** Follows from what it holds, so a part that is written again is the same row. */
  readonly part_id: string;
  /** Of its text. */
  readonly bytes: number;
  readonly values: readonly Json[];
  /** The values, as JSON. */
  readonly body: string;
}

/** A part is kept once, beside the record that names it: a record that is written with each batch does not grow with its lists. */
export interface RunPartRow extends WorkspaceKey {
  readonly run_id: string;
  readonly part_id: string;
  readonly body: string;
}

/** Folds change nothing in place. */
const knownParts = new WeakMap<readonly Json[], RunPart>();

const know = (values: readonly Json[], part_id: string, body: string): RunPart => {
  const part = { part_id, bytes: new TextEncoder().encode(body).length, values, body };
  knownParts.set(values, part);
  return part;
};

const partOf = (values: readonly Json[], digest: Digest): RunPart => {
  const known = knownParts.get(values);
  if (known !== undefined) return known;
  const body = canonicalJson(values);
  return know(values, digest(body).slice(0, 32), body);
};

/** The list, and the pieces of which every item has ended: they are only written again when one is tried again. */
const settledOf = ({ items, outputs, next_item, open_items }: FanOut): readonly (readonly Json[])[] => {
  if (items.length <= outputPieceLength) return [];
  const open = new Set(open_items.map((item) => Math.floor(item / outputPieceLength)));
  const begun = next_item >= items.length ? outputs.length : Math.floor(next_item / outputPieceLength);
  return [items, ...outputs.filter((_values, piece) => piece < begun && !open.has(piece))];
};

/** The parts of a run; none where its lists are short. They follow from the run alone. */
export const partsOf = ({ checkpoint: { fan_outs } }: Run, digest: Digest): readonly RunPart[] =>
  fan_outs === undefined ? [] : Object.values(fan_outs).flatMap(settledOf).map((values) => partOf(values, digest));

export const runPartRow = ({ tenant_context: { org_id, workspace_id }, run_id }: Run, { part_id, body }: RunPart): RunPartRow => ({ org_id, workspace_id, run_id, part_id, body });

/** The record with the id of each part in its place, where otherwise an array stands. */
export const withoutParts = (run: Run, parts: readonly RunPart[]): unknown => {
  const { fan_outs } = run.checkpoint;
  if (parts.length === 0 || fan_outs === undefined) return run;
  const ids = new Map(parts.map(({ values, part_id }) => [values, part_id]));
  const named = Object.entries(fan_outs).map(([node, fanOut]) => [node, { ...fanOut, items: ids.get(fanOut.items) ?? fanOut.items, outputs: fanOut.outputs.map((values) => ids.get(values) ?? values) }]);
  return { ...run, checkpoint: { ...run.checkpoint, fan_outs: Object.fromEntries(named) as JsonObject } };
};

/** Texts of parts by their ids, as the database answers them: a JSON object, or nothing where a run has none. */
export type PartTexts = Readonly<Record<string, string>> | null;

const wholeFanOut = (fanOut: JsonObject, values: (id: Json) => Json): JsonObject =>
  ({ ...fanOut, items: values(fanOut['items'] ?? null), outputs: Array.isArray(fanOut['outputs']) ? fanOut['outputs'].map((piece: Json) => values(piece)) : (fanOut['outputs'] ?? null) });

const fanOutsOf = (record: Json): readonly [string, JsonObject][] => {
  const checkpoint = isJsonObject(record) ? record['checkpoint'] : undefined;
  const fanOuts = isJsonObject(checkpoint) ? checkpoint['fan_outs'] : undefined;
  return isJsonObject(fanOuts) ? Object.entries(fanOuts).flatMap(([node, fanOut]): [string, JsonObject][] => (isJsonObject(fanOut) ? [[node, fanOut]] : [])) : [];
};

/** A record as it was before `withoutParts`. A part that is not there is null, which no reader takes for a list. */
export const withParts = (record: Json, parts: PartTexts): Json => {
  if (parts === null || !isJsonObject(record) || !isJsonObject(record['checkpoint'])) return record;
  const values = (place: Json): Json => (typeof place === 'string' ? (JSON.parse(parts[place] ?? 'null') as Json) : place);
  return { ...record, checkpoint: { ...record['checkpoint'], fan_outs: Object.fromEntries(fanOutsOf(record).map(([node, fanOut]) => [node, wholeFanOut(fanOut, values)])) } };
};

const placesOf = (items: unknown, outputs: unknown): readonly unknown[] => [items, ...(Array.isArray(outputs) ? (outputs as readonly unknown[]) : [])];

/** The parts of a run that was read: they are kept already. `record` names them. */
export const partsRead = (run: Run, record: Json, parts: PartTexts): readonly RunPart[] =>
  parts === null ? [] : fanOutsOf(record).flatMap(([node, named]) => {
    const fanOut = run.checkpoint.fan_outs?.[node];
    const places = placesOf(named['items'], named['outputs']);
    return placesOf(fanOut?.items, fanOut?.outputs).flatMap((values, place) => {
      const id = places[place];
      return typeof id === 'string' && Array.isArray(values) ? [know(values as readonly Json[], id, parts[id] ?? '')] : [];
    });
  });
