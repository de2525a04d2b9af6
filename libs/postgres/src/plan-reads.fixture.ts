import type { Database, Statement } from './database.js';

interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}
const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Rows that the plan for every value reads, by index or, without one, by table. */
export const readBy = async (one: Database, { text, values = [] }: Statement): Promise<ReadonlyMap<string, number>> => {
  const literal = (value: unknown): string => {
    if (value === null) return 'null';
    if (Array.isArray(value)) return `array[${value.map(literal).join(', ')}]::text[]`;
    return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
  };
  await one.query({ text: 'deallocate all' });
  await one.query({ text: `prepare asked as ${text}` });
  const [row] = await one.query<{ readonly 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>({ text: `explain (analyze, format json) execute asked(${values.map(literal).join(', ')})` });
  const read = new Map<string, number>();
  const plan = row?.['QUERY PLAN'][0]?.Plan;
  for (const node of plan === undefined ? [] : nodesOf(plan)) {
    const name = node['Index Name'] ?? node['Relation Name'];
    if (name !== undefined && node['Actual Loops'] > 0) read.set(name, (read.get(name) ?? 0) + Math.round((node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']));
  }
  return read;
};
