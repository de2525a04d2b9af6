import { eventCatalogue, eventSubject, tenantEventSubjects, type AggregateName, type TenantContext } from '@cs/contracts';

export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly run_id?: string | undefined;
}

const names = Object.keys(eventCatalogue) as readonly AggregateName[];
const aggregatesWith = (type: string): readonly AggregateName[] => names.filter((name) => Object.hasOwn(eventCatalogue[name], type));

/** Subjects of what a tenant asked for: always within its own organisation and workspace, never overlapping. */
export const filterSubjects = ({ org_id, workspace_id }: TenantContext, { types, run_id }: EventFilter): readonly string[] => {
  if (run_id !== undefined) return (types ?? ['*']).map((type) => eventSubject({ org_id, workspace_id, aggregate: 'run', id: run_id }, type));
  if (types === undefined) return [tenantEventSubjects({ org_id, workspace_id })];
  return types.flatMap((type) => aggregatesWith(type).map((aggregate) => eventSubject({ org_id, workspace_id, aggregate, id: '*' }, type)));
};
