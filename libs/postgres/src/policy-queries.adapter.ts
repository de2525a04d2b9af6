import type { EffectPolicyVersion, PolicyDecision, PolicyDecisionRecord } from '@cs/contracts';
import type { ItemsPage, PageRequest, PolicyDecisionFilter, PolicyQueries, Reader, TenantKey } from '@cs/read-models';
import { boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { isSeenThrough } from './visibility.js';

interface DecisionDocument extends PagedRow {
  readonly record: string;
  readonly run_id: string;
  readonly automation_id: string;
  readonly approval_id: string | null;
}

const readDecision = ({ record, run_id, automation_id, approval_id, at_ms }: DecisionDocument): PolicyDecisionRecord => ({
  ...(JSON.parse(record) as PolicyDecision), run_id, automation_id, approval_id, created_at_ms: at_ms,
});

const readVersion = ({ record }: { readonly record: string }): EffectPolicyVersion => JSON.parse(record) as EffectPolicyVersion;

/** Each filter as a condition on its parameter: a statement holds those that are asked for, so that it uses their index. */
const conditions: Readonly<Record<keyof PolicyDecisionFilter, (parameter: number) => string>> = {
  run_id: (parameter) => `d.run_id = $${parameter}`,
  automation_id: (parameter) => `d.automation_id = $${parameter}`,
  decision: (parameter) => `d.decision = $${parameter}`,
  reason_code: (parameter) => `d.reason_code = $${parameter}`,
  since_ms: (parameter) => `d.created_at_ms >= $${parameter}`,
  until_ms: (parameter) => `d.created_at_ms < $${parameter}`,
};
const filters = Object.keys(conditions) as readonly (keyof PolicyDecisionFilter)[];

const decisionsText = (asked: readonly (keyof PolicyDecisionFilter)[]): string =>
  boundedPage(`
    select d.record, d.run_id, d.automation_id, d.approval_id, d.created_at_ms as at_ms, d.decision_id as id, octet_length(d.record) as bytes
    from countersign.policy_decisions d
    where d.org_id = $1 and d.workspace_id = $2 and d.deployment_id = $3 and (d.created_at_ms, d.decision_id) < ($4, $5) and ${isSeenThrough('d', 7)}
      ${asked.map((name, index) => `and ${conditions[name](8 + index)}`).join(' ')}
    order by d.created_at_ms desc, d.decision_id desc limit $6`);

const versionsText = boundedPage(`
  select record, number as at_ms, policy_version as id, octet_length(record) as bytes from countersign.effect_policies
  where org_id = $1 and workspace_id = $2 and (number, policy_version) < ($3, $4) order by number desc limit $5`);

/** Policies of workspaces, and what they decided, in PostgreSQL. */
export class PostgresPolicyQueries implements PolicyQueries {
  constructor(private readonly database: Database) {}

  async policyDecisions({ org_id, workspace_id, deployment_id, viewer_keys }: Reader, filter: PolicyDecisionFilter, page: PageRequest): Promise<ItemsPage<PolicyDecisionRecord>> {
    const asked = filters.filter((name) => filter[name] !== undefined);
    const rows = await askDatabase<DecisionDocument>(this.database, {
      name: ['policy_decisions', ...asked].join('_'), text: decisionsText(asked),
      values: [org_id, workspace_id, deployment_id, ...keysetValues(page), viewer_keys ?? null, ...asked.map((name) => filter[name])],
    });
    return toPage(rows, page, readDecision);
  }

  async effectPolicies({ org_id, workspace_id }: TenantKey, page: PageRequest): Promise<ItemsPage<EffectPolicyVersion>> {
    const rows = await askDatabase<PagedRow & { readonly record: string }>(this.database, { name: 'effect_policies', text: versionsText, values: [org_id, workspace_id, ...keysetValues(page)] });
    return toPage(rows, page, readVersion);
  }

  async effectPolicy({ org_id, workspace_id }: TenantKey, number: number): Promise<EffectPolicyVersion | undefined> {
    const [row] = await askDatabase<{ record: string }>(this.database, {
      name: 'effect_policy', text: 'select record from countersign.effect_policies where org_id = $1 and workspace_id = $2 and number = $3', values: [org_id, workspace_id, number],
    });
    return row && readVersion(row);
  }
}
