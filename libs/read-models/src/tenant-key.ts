import type { TenantContext } from '@cs/contracts';

/** A tenant as the rows name it: no deployment is the empty string, so that keys compare and are unique. */
export interface TenantKey {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly deployment_id: string;
}

/** Who reads: everything of a tenant, or what is visible to the holder of some keys (`viewersOf` of an automation). */
export interface Reader extends TenantKey {
  /** Absent: everything. */
  readonly viewer_keys?: readonly string[] | undefined;
}

/** The workspace of an aggregate: all that its subject in the log says of its tenant. */
export type WorkspaceKey = Pick<TenantKey, 'org_id' | 'workspace_id'>;

export const tenantKey = ({ org_id, workspace_id, deployment_id }: Pick<TenantContext, 'org_id' | 'workspace_id' | 'deployment_id'>): TenantKey => ({
  org_id, workspace_id, deployment_id: deployment_id ?? '',
});
