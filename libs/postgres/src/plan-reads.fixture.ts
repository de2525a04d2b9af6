import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Database, Statement } from './database.js';

/** A node of a plan that was executed, as EXPLAIN writes it in JSON. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** A file of the bench, whose statements and histories the tests of plans share. */
export const benchFile = (name: string): string => pathToFileURL(path.resolve(import.meta.dirname, '../../../bench/lib', name)).href;

interface Explaining {
  readonly explain: (database: Database, statement: Statement, options: string) => Promise<readonly [readonly [{ readonly Plan: PlanNode }]]>;
}

/** The plan of a statement as the services execute it, the same for every value. `one` has one connection. */
export const planOf = async (one: Database, statement: Statement): Promise<PlanNode> => {
  const { explain } = (await import(benchFile('explain.mjs'))) as Explaining;
  const [[{ Plan: plan }]] = await explain(one, statement, 'format json');
  return plan;
};

export const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Rows that a node read, also those that its filter then left out. */
export const rowsRead = (node: PlanNode): number => Math.round((node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']);

/** Rows that the plan for every value reads, by index or, without one, by table. */
export const readBy = async (one: Database, statement: Statement): Promise<ReadonlyMap<string, number>> => {
  const read = new Map<string, number>();
  for (const node of nodesOf(await planOf(one, statement))) {
    const name = node['Index Name'] ?? node['Relation Name'];
    if (name !== undefined && node['Actual Loops'] > 0) read.set(name, (read.get(name) ?? 0) + rowsRead(node));
  }
  return read;
};
