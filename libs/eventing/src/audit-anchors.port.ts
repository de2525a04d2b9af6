import type { AuditAnchor } from '@cs/contracts';

type Tenant = Pick<AuditAnchor, 'org_id' | 'workspace_id' | 'deployment_id'>;

/** An anchor where it is kept. */
export interface KeptAnchor {
  readonly anchor: AuditAnchor;
  /** Where it stands among all anchors, ascending. */
  readonly place: number;
}

/** Where anchors are kept: outside the database, and nothing is changed or removed there. */
export interface AuditAnchors {
  /** A tenant's newest anchor. */
  last(tenant: Tenant): Promise<KeptAnchor | undefined>;
  /** Adds one if the tenant's newest is still at place `after` (0: there is none). `false`: someone else added one. */
  append(anchor: AuditAnchor, after: number): Promise<boolean>;
  /** A tenant's anchors behind a place, in order, at most `limit`. */
  list(tenant: Tenant, range: { readonly after: number; readonly limit: number }): Promise<readonly KeptAnchor[]>;
}
