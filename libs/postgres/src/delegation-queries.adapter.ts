import { delegationStatus, type Delegation, type DelegationRecord, type GovernanceActor } from '@cs/contracts';
import type { DelegationFilter, DelegationQueries, ItemsPage, PageRequest, TenantKey } from '@cs/read-models';
import { boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

interface DelegationDocument {
  readonly delegation: string;
  readonly ended_at_ms: number | null;
  readonly ended_by: string | null;
  readonly end_reason: string | null;
  readonly uses: number;
}

/** The projection wrote it, of the same release or migrated. */
const readDelegation = (at_ms: number) => ({ delegation, ended_at_ms, ended_by, end_reason, uses }: DelegationDocument): DelegationRecord => {
  const recorded = JSON.parse(delegation) as Delegation;
  return { ...recorded, status: delegationStatus({ ...recorded, ended_at_ms }, at_ms), uses, ended_at_ms, ended_by: ended_by === null ? null : (JSON.parse(ended_by) as GovernanceActor), end_reason };
};

const conditions: Readonly<Record<DelegationRecord['status'], string>> = {
  scheduled: 'ended_at_ms is null and from_ms > $9',
  in_force: 'ended_at_ms is null and from_ms <= $9 and until_ms > $9',
  over: 'ended_at_ms is null and until_ms <= $9',
  ended: 'ended_at_ms is not null',
};

const rowsText = (whose: string, status: DelegationFilter['status']): string => `
  select delegation, ended_at_ms, ended_by, end_reason, uses, set_at_ms as at_ms, delegation_id as id, octet_length(delegation) as bytes from countersign.delegations
  where org_id = $1 and workspace_id = $2 and deployment_id = $3 and delegation is not null and (set_at_ms, delegation_id) < ($4, $5)
    and ${whose} and ($7::text is null or delegator = $7) and ($8::text is null or stand_in = $8) and $9::bigint is not null and ${status === undefined ? 'true' : conditions[status]}
  order by set_at_ms desc, delegation_id desc limit $6`;

/** Somebody's own and those in which they stand in: two ranges of two indexes. */
const concerning = (status: DelegationFilter['status']): string => `
  select distinct on (at_ms, id) * from ((${rowsText('delegator = $10', status)}) union all (${rowsText('stand_in = $10', status)})) as both_sides order by at_ms desc, id desc limit $6`;

/** Delegations in PostgreSQL. */
export class PostgresDelegationQueries implements DelegationQueries {
  constructor(private readonly database: Database) {}

  async delegations({ org_id, workspace_id, deployment_id }: TenantKey, filter: DelegationFilter, page: PageRequest): Promise<ItemsPage<DelegationRecord>> {
    const { concerns, delegator = null, stand_in = null, status, at_ms } = filter;
    const values = [org_id, workspace_id, deployment_id, ...keysetValues(page), delegator, stand_in, at_ms];
    const statement = concerns === undefined
      ? { name: `delegations_${status ?? 'all'}`, text: boundedPage(rowsText('true', status)), values }
      : { name: `delegations_of_${status ?? 'all'}`, text: boundedPage(concerning(status)), values: [...values, concerns] };
    return toPage(await askDatabase<DelegationDocument & PagedRow>(this.database, statement), page, readDelegation(at_ms));
  }
}
