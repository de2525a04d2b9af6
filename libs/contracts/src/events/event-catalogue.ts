import type { z } from 'zod';
import { describeProblems, problemsOf } from '../problem-list.js';

/** One event type: its schema today, what it means, and how older recordings become today's. */
export interface EventDefinition<Data extends z.ZodType = z.ZodType> {
  /** Schema version that is written today. */
  readonly version: number;
  readonly data: Data;
  readonly summary: string;
  /** `upcast[n]` turns recorded data of version n into version n + 1. One for every version below today's. */
  readonly upcast?: Readonly<Record<number, (data: unknown) => unknown>>;
  /** False for bookkeeping that does not count as the run's activity (default true). */
  readonly activity?: boolean;
  /** Type of the protected audit record that this event yields, if any. */
  readonly audit?: string;
}

export type EventTable = Readonly<Record<string, EventDefinition>>;

/** The union of an aggregate's events, as a decider writes them. */
export type EventOf<Table extends EventTable> = {
  [Type in keyof Table & string]: { readonly event_type: Type; readonly data: z.infer<Table[Type]['data']> };
}[keyof Table & string];

/** Checks at load time that every older version can be read: a gap would lose recorded history. */
export const defineEvents = <Table extends EventTable>(table: Table): Table => {
  for (const [type, definition] of Object.entries(table)) {
    for (let version = 1; version < definition.version; version += 1) {
      if (!definition.upcast?.[version]) throw new Error(`${type}: no up-cast from version ${version}`);
    }
  }
  return table;
};

const toToday = (definition: EventDefinition, version: number, data: unknown): unknown => {
  let current = data;
  for (let from = version; from < definition.version; from += 1) current = definition.upcast?.[from]?.(current);
  return current;
};

/** Brings recorded data to today's version and checks it. Throws with the type and version it could not read. */
export const upcastEvent = (table: EventTable, type: string, { version, data }: { readonly version: number; readonly data: unknown }): unknown => {
  const definition = Object.hasOwn(table, type) ? table[type] : undefined;
  if (!definition) throw new Error(`unknown event type "${type}"`);
  if (version > definition.version) throw new Error(`"${type}" version ${version} was written by a newer release (this one reads up to ${definition.version})`);
  const parsed = definition.data.safeParse(toToday(definition, version, data));
  if (!parsed.success) throw new Error(`"${type}" version ${version}: ${describeProblems(problemsOf(parsed.error))}`, { cause: parsed.error });
  return parsed.data;
};
