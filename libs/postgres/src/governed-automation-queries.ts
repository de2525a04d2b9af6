import type { GovernedAutomationKey, GovernedAutomationTimes, GovernedPage, GovernedRange, NewestRuns, RunHealth } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

type Time = number | null;

interface GovernedDocument {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly deployment_id: string;
  readonly automation_id: string;
  readonly expires_at_ms: Time;
  readonly expiry_warned_ms: Time;
  readonly since_ms: number;
  readonly health_checked_at_ms: Time;
  readonly launched_at_ms: Time;
  readonly has_news: boolean;
}

const toTimes = ({ org_id, workspace_id, deployment_id, automation_id, since_ms, has_news, ...times }: GovernedDocument): GovernedAutomationTimes => ({
  org_id, workspace_id, automation_id, since_ms, has_news,
  ...definedMembers({
    deployment_id: deployment_id === '' ? undefined : deployment_id, expires_at_ms: times.expires_at_ms ?? undefined, expiry_warned_ms: times.expiry_warned_ms ?? undefined,
    health_checked_at_ms: times.health_checked_at_ms ?? undefined, launched_at_ms: times.launched_at_ms ?? undefined,
  }),
});

/** Before every key. */
const firstKey: GovernedAutomationKey = { org_id: '', workspace_id: '', automation_id: '' };

const keyOf = ({ org_id, workspace_id, automation_id }: GovernedAutomationKey): GovernedAutomationKey => ({ org_id, workspace_id, automation_id });

/** A page of the automations of every tenant that agents made and that are in use. */
export const governedAutomations = async (database: Database, { after = firstKey, limit }: GovernedRange): Promise<GovernedPage> => {
  const rows = await askDatabase<GovernedDocument>(database, {
    name: 'governed_automations',
    text: `select org_id, workspace_id, deployment_id, automation_id, expires_at_ms, expiry_warned_ms, health_checked_at_ms, launched_at_ms, coalesce(greatest(made_at_ms, reviewed_at_ms), 0) as since_ms,
        launched_at_ms is not null and (health_checked_at_ms is null or launched_at_ms > coalesce(health_launched_at_ms, health_checked_at_ms) or open_runs > 0) as has_news
      from countersign.governed_automations
      where in_use is distinct from 'no' and (made_at_ms is not null or launched_at_ms is not null) and (org_id, workspace_id, automation_id) > ($1, $2, $3)
      order by org_id, workspace_id, automation_id limit $4`,
    values: [after.org_id, after.workspace_id, after.automation_id, limit],
  });
  const last = rows.at(-1);
  const next = rows.length < limit || last === undefined ? undefined : keyOf(last);
  return { items: rows.map(toTimes), ...(next === undefined ? {} : { next }) };
};

/** Statuses of runs that have begun: each is a range of the index of an automation's runs. */
const begun = ['running', 'pausing', 'paused', 'blocked', 'awaiting_approval', 'awaiting_webhook', 'sleeping', 'retrying', 'completed', 'failed', 'dead_lettered', 'cancelled'];

const healthText = `
  select count(*)::int as runs, count(*) filter (where r.status in ('completed', 'failed'))::int as ended, count(*) filter (where r.status = 'failed')::int as failed,
    (count(*) filter (where r.status not in ('completed', 'failed', 'cancelled')) + (select count(*) from (
      select w.* from unnest(array['queued', 'held']) waits(status) cross join lateral (
        select 1 from countersign.runs
        where org_id = $1 and workspace_id = $2 and deployment_id = $3 and automation_id = $4 and stateful_status = waits.status and created_at_ms > $6 limit $7
      ) w
    ) waiting))::int as open, coalesce(sum(s.stops), 0)::int as guardrail_stops
  from (
    select n.* from unnest($5::text[]) of_status(name) cross join lateral (
      select run_id, status, created_at_ms from countersign.runs
      where org_id = $1 and workspace_id = $2 and deployment_id = $3 and automation_id = $4 and stateful_status = of_status.name and created_at_ms > $6
      order by created_at_ms desc, run_id desc limit $7
    ) n order by n.created_at_ms desc, n.run_id desc limit $7
  ) r
  cross join lateral (
    select count(*) as stops from countersign.run_events e
    where e.org_id = $1 and e.workspace_id = $2 and e.run_id = r.run_id and e.event_type = 'run_paused' and e.payload like '%"stop_kind":"guardrail_stopped"%'
  ) s`;

/** What the newest runs of an automation came to. */
export const runHealth = async (database: Database, { org_id, workspace_id, deployment_id = '', automation_id, since_ms, runs }: NewestRuns): Promise<RunHealth> => {
  const [found] = await askDatabase<RunHealth>(database, { name: 'run_health', text: healthText, values: [org_id, workspace_id, deployment_id, automation_id, begun, since_ms, runs] });
  return found ?? { runs: 0, ended: 0, failed: 0, open: 0, guardrail_stops: 0 };
};
