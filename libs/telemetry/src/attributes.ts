/** Ids, types, statuses and codes only: no text, argument, header or body of anyone. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Attributes of our own; the others are of the semantic conventions of OpenTelemetry. */
export const attribute = {
  org: 'countersign.org_id',
  workspace: 'countersign.workspace_id',
  run: 'countersign.run_id',
  aggregate: 'countersign.aggregate',
  node: 'countersign.node_id',
  position: 'countersign.position',
  status: 'countersign.status',
  events: 'countersign.event_types',
  outcome: 'countersign.outcome',
  refusal: 'countersign.refusal',
} as const;

const subjectNames: readonly string[] = [attribute.org, attribute.workspace, attribute.run];

/** Those that say whose it is and of which run; spans within one another share them. */
export const subjectOf = (attributes: SpanAttributes): SpanAttributes => Object.fromEntries(Object.entries(attributes).filter(([name, value]) => value !== undefined && subjectNames.includes(name)));

const runIdPattern = /^automation-v2-run-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `countersign.run_id` of what says `run_id`. Callers may send anything in its place, so all but a run's id is left out. */
export const runAttribute = (holder: unknown): SpanAttributes => {
  const id: unknown = typeof holder === 'object' && holder !== null ? Reflect.get(holder, 'run_id') : undefined;
  return typeof id === 'string' && runIdPattern.test(id) ? { [attribute.run]: id } : {};
};

/** Whose it is. */
export const tenantAttributes = ({ org_id, workspace_id }: { readonly org_id: string; readonly workspace_id: string }): SpanAttributes => ({ [attribute.org]: org_id, [attribute.workspace]: workspace_id });
