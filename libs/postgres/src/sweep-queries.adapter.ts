import type { GovernedPage, GovernedRange, NewestRuns, RunHealth, SweepPage, SweepRange, SweptRun, SweptWait } from '@cs/contracts';
import type { SweepQueries } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { governedAutomations, runHealth } from './governed-automation-queries.js';

interface Candidate extends SweptWait {
  readonly created_at_ms: number;
  /** Not everything that is looked at is what the sweep is for. */
  readonly found: boolean;
}

const keyOf = ({ after }: SweepRange) => ({ at_ms: after?.created_at_ms ?? -1, run_id: after?.run_id ?? '', wait_id: after?.wait_id ?? '' });

const toRun = ({ org_id, workspace_id, run_id }: Candidate): SweptRun => ({ org_id, workspace_id, run_id });
const toWait = (row: Candidate): SweptWait => ({ ...toRun(row), wait_id: row.wait_id });

const pageOf = <Item>(rows: readonly Candidate[], limit: number, toItem: (row: Candidate) => Item): SweepPage<Item> => {
  const last = rows.at(-1);
  const next = rows.length < limit || last === undefined ? undefined : { created_at_ms: last.created_at_ms, run_id: last.run_id, wait_id: last.wait_id };
  return { items: rows.filter(({ found }) => found).map(toItem), ...(next === undefined ? {} : { next }) };
};

/** What sweeps look for. A page is cut before it is joined, so that each costs the same however little it finds. */
export class PostgresSweepQueries implements SweepQueries {
  constructor(private readonly database: Database) {}

  async heldRuns(range: SweepRange): Promise<SweepPage<SweptRun>> {
    const { at_ms, run_id } = keyOf(range);
    return pageOf(await askDatabase<Candidate>(this.database, {
      name: 'held_runs',
      text: `select org_id, workspace_id, run_id, '' as wait_id, created_at_ms, updated_at_ms <= $1 as found from countersign.runs
        where stateful_status = 'held' and (created_at_ms, run_id) > ($2, $3) order by created_at_ms, run_id limit $4`,
      values: [range.before_ms, at_ms, run_id, range.limit],
    }), range.limit, toRun);
  }

  async childWaits(range: SweepRange): Promise<SweepPage<SweptWait>> {
    const { at_ms, run_id, wait_id } = keyOf(range);
    return pageOf(await askDatabase<Candidate>(this.database, {
      name: 'child_waits',
      text: `select w.org_id, w.workspace_id, w.run_id, w.wait_id, w.created_at_ms,
          coalesce(c.updated_at_ms, w.updated_at_ms) <= $1 and (c.status is null or c.status in ('completed', 'failed', 'cancelled')) as found
        from (select * from countersign.waits where child_run_id is not null and status = 'waiting' and (created_at_ms, run_id, wait_id) > ($2, $3, $4)
          order by created_at_ms, run_id, wait_id limit $5) w
        left join countersign.runs c on c.org_id = w.org_id and c.workspace_id = w.workspace_id and c.run_id = w.child_run_id
        order by w.created_at_ms, w.run_id, w.wait_id`,
      values: [range.before_ms, at_ms, run_id, wait_id, range.limit],
    }), range.limit, toWait);
  }

  async orphanRuns(range: SweepRange): Promise<SweepPage<SweptRun>> {
    const { at_ms, run_id } = keyOf(range);
    return pageOf(await askDatabase<Candidate>(this.database, {
      name: 'orphan_runs',
      text: `select c.org_id, c.workspace_id, c.run_id, '' as wait_id, c.created_at_ms, greatest(c.created_at_ms, w.updated_at_ms) <= $1 and w.status is distinct from 'waiting' as found
        from (select * from countersign.runs where parent_run_id is not null and status not in ('completed', 'failed', 'cancelled') and (created_at_ms, run_id) > ($2, $3)
          order by created_at_ms, run_id limit $4) c
        left join countersign.waits w on w.org_id = c.org_id and w.workspace_id = c.workspace_id and w.run_id = c.parent_run_id and w.wait_id = c.parent_wait_id
        order by c.created_at_ms, c.run_id`,
      values: [range.before_ms, at_ms, run_id, range.limit],
    }), range.limit, toRun);
  }

  governedAutomations(range: GovernedRange): Promise<GovernedPage> {
    return governedAutomations(this.database, range);
  }

  runHealth(runs: NewestRuns): Promise<RunHealth> {
    return runHealth(this.database, runs);
  }
}
