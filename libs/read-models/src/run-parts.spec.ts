import { describe, expect, it } from '@jest/globals';
import type { Run, RunEvent } from '@cs/contracts';
import type { LogEntry } from '@cs/eventing';
import { canonicalJson, type Json } from '@cs/kernel';
import { sha256 } from '@cs/testing';
import fc from 'fast-check';
import { LogHistory, newMemory, project } from './log-history.fixture.js';
import { lastSeqOf, runAsOf } from './replay-run.js';
import { restoreRun } from './restore-run.js';
import type { RowChanges } from './row-changes.js';
import type { RunRow } from './run-row.js';
import { partsOf, withoutParts, withParts, type RunPartRow } from './run-parts.js';

const node_id = 'charge';
const begun = (items: readonly Json[]): RunEvent => ({ event_type: 'node_fan_out_started', data: { node_id, attempt: 1, items } });
const started = (item: number): RunEvent => ({ event_type: 'node_started', data: { node_id, item, attempt: 1 } });
const output = (item: number): Json => ({ item, text: 'naïve \u0000 \ud800', like_a_part: sha256('x').slice(0, 32) });
const completed = (item: number): RunEvent => ({ event_type: 'node_completed', data: { node_id, item, attempt: 1, output: { status: 'completed', contract_kind: 'http', content: output(item), created_at_ms: 1 } } });
const listOf = (count: number): readonly Json[] => Array.from({ length: count }, (_none, item) => `item ${item}`);

/** A list whose items end in the order of `dice`, so many at a time. */
const aListRun = (count: number, { dice = [0], parallel = 16, again = false }: { readonly dice?: readonly number[]; readonly parallel?: number; readonly again?: boolean } = {}): LogHistory => {
  const log = new LogHistory();
  log.created('r1');
  log.claimed('r1', begun(listOf(count)));
  const open: number[] = [];
  for (let next = 0, turn = 0; next < count || open.length > 0; turn += 1) {
    const events: RunEvent[] = [];
    for (; next < count && open.length < parallel; next += 1) {
      open.push(next);
      events.push(started(next));
    }
    const [ended = 0] = open.splice((dice[turn % dice.length] ?? 0) % open.length, 1);
    log.run('r1', ...events, completed(ended));
  }
  if (again) log.run('r1', begun(listOf(count + 1)));
  return log;
};

/** Rows as they stand after batches of such sizes; where `forgets`, a run is read back before a batch. */
const projected = (entries: readonly LogEntry[], sizes: readonly number[], forgets: boolean): { readonly run: RunRow; readonly parts: ReadonlyMap<string, RunPartRow>; readonly written: number } => {
  const parts = new Map<string, RunPartRow>();
  let [memory, written, run] = [newMemory(), 0, undefined as RunRow | undefined];
  for (let from = 0, batch = 0; from < entries.length; batch += 1) {
    const size = sizes[batch % sizes.length] ?? 1;
    if (forgets && run !== undefined) {
      memory = newMemory();
      memory.remember({ runs: [], workspaces: [] }, { runs: [restoreRun({ ...run, record: canonicalJson(withoutParts(run.record, run.parts)), parts: textsOf(parts) })], heads: [], audit_key_id: null });
    }
    const changes: RowChanges = project(entries.slice(from, from + size), memory);
    for (const part of changes.run_parts) parts.set(part.part_id, part);
    [written, run, from] = [written + changes.run_parts.length, changes.runs[0] ?? run, from + size];
  }
  if (run === undefined) throw new Error('no run');
  return { run, parts, written };
};

const textsOf = (parts: ReadonlyMap<string, RunPartRow>): Readonly<Record<string, string>> => Object.fromEntries([...parts].map(([id, { body }]) => [id, body]));
const asStored = ({ record, parts }: RunRow): string => canonicalJson(withoutParts(record, parts));
const placesOf = (run: RunRow): unknown => (JSON.parse(asStored(run)) as Run).checkpoint.fan_outs?.[node_id];

describe('what stands beside the record of a run', () => {
  it('is nothing where lists are short', () => {
    const { run, parts } = projected(aListRun(100).entries, [7], false);
    expect([parts.size, asStored(run)]).toEqual([0, canonicalJson(run.record)]);
  });

  it('is a long list, and the outputs of each hundred of its items of which all have ended', () => {
    const entries = aListRun(250, { parallel: 1 }).entries;
    // Created, claimed, and a commit for each item.
    const { run, parts } = projected(entries.slice(0, 2 + 201), [50], false);
    expect(placesOf(run)).toMatchObject({ items: expect.stringMatching(/^[0-9a-f]{32}$/), outputs: [expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/), expect.any(Array)] });
    expect(parts.size).toBe(3);
    expect(run.parts.map(({ bytes }) => bytes)).toEqual([...parts.values()].map(({ body }) => Buffer.byteLength(body)));
  });

  it('does not make a record grow with its lists: each part is written once', () => {
    const of = (count: number): { readonly record: number; readonly written: number } => {
      const { run, written } = projected(aListRun(count, { parallel: 1 }).entries, [10], false);
      return { record: asStored(run).length, written };
    };
    const [short, long] = [of(500), of(5000)];
    expect(long.record).toBeLessThan(short.record + 45 * 40);
    expect([short.written, long.written]).toEqual([6, 51]);
  });

  it('given a list that was begun anew, is that of the new one, and the rows of the one before stay', () => {
    const entries = aListRun(120, { again: true }).entries;
    const { run, parts } = projected(entries, [9], true);
    expect([run.parts.length, parts.size]).toEqual([1, 4]);
  });

  it('given a record in which a part is missing, is no run: the next commit that carries its state restores it', () => {
    const { run } = projected(aListRun(150).entries, [9], false);
    const { loaded, parts } = restoreRun({ ...run, record: asStored(run), parts: {} });
    expect([loaded.state, loaded.position, parts]).toEqual([undefined, 0, []]);
    for (const record of ['', 'no JSON', '{}', 'null', '{"checkpoint":{"fan_outs":{"charge":7}}}']) expect(restoreRun({ ...run, record, parts: { x: 'no JSON' } }).loaded.position).toBe(0);
  });

  it('given a record of before there were parts, is written with the next commit of the run', () => {
    const entries = aListRun(250, { parallel: 1 }).entries;
    const { run } = projected(entries.slice(0, 200), [50], false);
    const memory = newMemory();
    memory.remember({ runs: [], workspaces: [] }, { runs: [restoreRun({ ...run, record: canonicalJson(run.record), parts: null })], heads: [], audit_key_id: null });
    const next = project(entries.slice(200, 201), memory);
    expect(next.run_parts.map(({ part_id }) => part_id)).toEqual(next.runs[0]?.parts.map(({ part_id }) => part_id));
  });

  it('leads back to the run, whatever the order of its items and the batches, read back or remembered', () => {
    const order = fc.record({ count: fc.integer({ min: 95, max: 330 }), dice: fc.array(fc.nat(15), { minLength: 1, maxLength: 20 }), parallel: fc.integer({ min: 1, max: 16 }), again: fc.boolean() });
    fc.assert(fc.property(order, fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 5 }), ({ count, ...how }, sizes) => {
      const { entries } = aListRun(count, how);
      const folded = runAsOf(entries, lastSeqOf(entries));
      const [one, other] = [projected(entries, [entries.length], false), projected(entries, sizes, true)];
      expect(canonicalJson(withParts(JSON.parse(asStored(other.run)) as Json, textsOf(other.parts)))).toBe(canonicalJson(folded));
      expect([asStored(other.run), textsOf(other.parts)]).toEqual([asStored(one.run), textsOf(one.parts)]);
      expect(one.written).toBe(one.parts.size);
      expect(other.written).toBe(one.written);
    }), { numRuns: 25 });
  });

  it('has the same id for the same values, wherever they come from', () => {
    const { run } = projected(aListRun(150).entries, [9], false);
    const copy = JSON.parse(JSON.stringify(run.record)) as Run;
    expect(partsOf(copy, sha256).map(({ part_id }) => part_id)).toEqual(run.parts.map(({ part_id }) => part_id));
  });
});
