import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantKey } from '@cs/read-models';
import { migrate } from './migrate.js';
import { PostgresResumePlanQueries } from './resume-plan-queries.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: TenantKey = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };

describe('what a resume plan reads of the ledger', () => {
  let server: TestDatabase;
  let queries: PostgresResumePlanQueries;

  beforeAll(async () => {
    server = await startTestDatabase();
    await migrate(server.database);
    queries = new PostgresResumePlanQueries(server.database);
  }, 60_000);
  afterAll(() => server.stop());
  beforeEach(() => server.database.query({ text: 'truncate countersign.outbox, countersign.tool_effects, countersign.dead_letters, countersign.compensations' }));

  interface Rows { readonly count?: number; readonly run?: string; readonly org?: string; readonly status?: string; readonly at?: number; readonly superseded?: number }

  /** `{name}-1`, `{name}-2`, …, each updated one later than the one before. */
  const effects = (name: string, { count = 1, run = 'r1', org = 'acme', status = 'succeeded', at = 10 }: Rows = {}, padding = 0) => server.database.query({
    text: `insert into countersign.tool_effects (org_id, workspace_id, deployment_id, effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, audit_hash, error, created_at_ms, updated_at_ms)
      select $1, 'ops', '', $2 || '-' || n, 'o', 'action-' || $2 || '-' || n, $3, $4, 'automation_v2_run', $3, 'h', repeat('x', $7), 1, $5 + n from generate_series(1, $6) as n`,
    values: [org, name, run, status, at, count, padding],
  });
  const letter = (name: string, { run = 'r1', status = 'open', at = 10, superseded, source = 's', source_type = 'tool_effect', options = ['retry', 'ignore'] }: Rows & { readonly source?: string; readonly source_type?: string; readonly options?: readonly string[] } = {}) => server.database.query({
    text: `insert into countersign.dead_letters (org_id, workspace_id, deployment_id, dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, position, run_id, recovery_options, attempts, updated_at_ms, superseded_at_ms)
      values ('acme', 'ops', '', $1, $2, $3, 'runner', 'cs.log', 1, 1, 'why', $4, 1, 1, $5, $6, 1, $7, $8)`,
    values: [name, source_type, source, status, run, JSON.stringify(options), at, superseded ?? null],
  });
  const compensation = (name: string, { run = 'r1', status = 'proposed', at = 10, superseded }: Rows = {}) => server.database.query({
    text: `insert into countersign.compensations (org_id, workspace_id, deployment_id, compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, created_at_ms, updated_at_ms, superseded_at_ms)
      values ('acme', 'ops', '', $1, $2, 'n', $3, 'operator_review', 'e', 1, 0, 1, $4, $5)`,
    values: [name, run, status, at, superseded ?? null],
  });

  it('has an uncertain effect however many succeeded after it, and counts them all', async () => {
    await effects('early', { status: 'unknown', at: 1 });
    await effects('done', { count: 1200, at: 100 });
    const { uncertain_effects, completed_effects } = await queries.plannedRecovery(acme, 'r1');
    expect(uncertain_effects).toMatchObject({ items: [{ effect_id: 'early-1', action_id: 'action-early-1', status: 'unknown', scope: { tenant_context: { org_id: 'acme' } } }], found: 1, retryable: 1 });
    expect([completed_effects.items.length, completed_effects.items[0]?.effect_id, completed_effects.found]).toEqual([1000, 'done-1200', 1200]);
  });

  it('has the newest that fit into an answer, and one at least', async () => {
    await effects('long', { count: 10, status: 'failed' }, 100_000);
    const { uncertain_effects } = await queries.plannedRecovery(acme, 'r1');
    expect([uncertain_effects.items.map(({ effect_id }) => effect_id), uncertain_effects.found]).toEqual([['long-10', 'long-9', 'long-8', 'long-7', 'long-6'], 10]);
    await effects('longest', { at: 99, status: 'failed' }, 1_000_000);
    expect((await queries.plannedRecovery(acme, 'r1')).uncertain_effects.items.map(({ effect_id }) => effect_id)).toEqual(['longest-1']);
  });

  it('has the letters and compensations that recovery still has to do with, however many are settled', async () => {
    for (const status of ['open', 'retry_requested', 'retrying', 'linked_to_compensation', 'ignored', 'resolved', 'cleared']) await letter(status, { status });
    await letter('moot', { superseded: 5 });
    for (const status of ['proposed', 'awaiting_approval', 'approved', 'running', 'failed', 'completed', 'cancelled', 'cleared']) await compensation(status, { status });
    await compensation('moot', { superseded: 5 });
    const { dead_letters, pending_compensations } = await queries.plannedRecovery(acme, 'r1');
    expect([dead_letters.items.map(({ dead_letter_id }) => dead_letter_id), dead_letters.found, dead_letters.retryable]).toEqual([['retrying', 'retry_requested', 'open', 'linked_to_compensation'], 4, 3]);
    expect([pending_compensations.items.map(({ compensation_id }) => compensation_id), pending_compensations.found]).toEqual([['running', 'proposed', 'failed', 'awaiting_approval', 'approved'], 5]);
  });

  it('takes for retryable neither a wait, nor an effect that is linked to its compensation', async () => {
    await letter('wait', { source_type: 'stateful_wait', options: ['ignore'] });
    await effects('undone', { status: 'failed' });
    await letter('undone', { status: 'linked_to_compensation', source: 'action-undone-1' });
    expect(await queries.plannedRecovery(acme, 'r1')).toMatchObject({ dead_letters: { found: 2, retryable: 0 }, uncertain_effects: { found: 1, retryable: 0 } });
  });

  it('is of one run of one tenant', async () => {
    await effects('theirs', { org: 'other' });
    await effects('elsewhere', { run: 'r2' });
    await letter('elsewhere', { run: 'r2' });
    await compensation('elsewhere', { run: 'r2' });
    const none = { items: [], found: 0, retryable: 0 };
    expect(await queries.plannedRecovery(acme, 'r1')).toEqual({ completed_effects: none, uncertain_effects: none, pending_compensations: none, dead_letters: none });
  });
});
