// npm run bench:growth: what projecting one event costs in runs of 10, 1,000 and 10,000 events, and by how much these differ.
import { runAggregate } from '@cs/automation-application';
import { logSubject } from '@cs/contracts';
import { appendEvents, readLogEntry, unwritten } from '@cs/eventing';
import { startPostgres } from '@cs/embedded-servers';
import { Database, migrate, PostgresProjectionStore } from '@cs/postgres';
import { ProjectionMemory, projectBatch } from '@cs/read-models';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ownCpuNs, sessionCpuNs } from './lib/cpu.mjs';
import { withinLimit } from './lib/load.mjs';
import { median, medianBetween } from './lib/statistics.mjs';

const { values } = parseArgs({ options: { events: { type: 'string', default: '10000' }, lengths: { type: 'string', default: '10,1000,10000' }, rounds: { type: 'string', default: '7' }, batch: { type: 'string', default: '1000' } } });
const [total, rounds, size] = [values.events, values.rounds, values.batch].map(Number);
const lengths = values.lengths.split(',').map(Number);
withinLimit(9 * 60_000).unref();
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const digest = (text) => createHash('sha256').update(text).digest('hex');
const tenant = { org_id: 'bench', workspace_id: 'growth', source: 'explicit' };

/** A list of items, as a runner writes it: each item starts and completes in one commit. */
const historyOf = (run, length) => {
  const items = Math.floor((length - 4) / 2);
  const output = (item) => ({ status: 'completed', contract_kind: 'http', content: { status: 200, body: { item, text: 'what the peer answers to one item of a list' } }, created_at_ms: 1000 });
  const commits = [
    [{ event_type: 'run_created', data: { run_id: run, automation_id: 'refund', tenant_context: tenant, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'bench' }, input: {}, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids: ['each'] } }],
    [{ event_type: 'run_execution_claimed', data: { claim: { claim_id: `${run}-1`, claimant_id: 'runner-1', claimed_at_ms: 1000, lease_expires_at_ms: 16_000, lease_epoch: 1 } } }, { event_type: 'node_fan_out_started', data: { node_id: 'each', attempt: 1, items: Array.from({ length: items }, (_none, item) => item) } }],
  ];
  for (let item = 0; item < items; item += 1) commits.push([{ event_type: 'node_started', data: { node_id: 'each', item, attempt: 1 } }, { event_type: 'node_completed', data: { node_id: 'each', item, attempt: 1, output: output(item) } }]);
  commits.push([{ event_type: 'run_completed', data: {} }]);
  return commits;
};

const logOf = async (length) => {
  const entries = [];
  const store = { append: (ref, status, commit) => {
    const position = entries.length + 1;
    entries.push({ position, subject: logSubject(ref, status), body: JSON.stringify(commit) });
    return Promise.resolve({ kind: 'appended', position, duplicate: false });
  } };
  for (let run = 0; run < Math.max(1, Math.round(total / length)); run += 1) {
    const id = `automation-v2-run-${digest(`${length}-${run}`).slice(0, 32)}`;
    let loaded = unwritten(runAggregate, { ...tenant, aggregate: 'run', id });
    for (const events of historyOf(id, length)) loaded = (await appendEvents({ eventing: { store, clock: () => 1000, digest }, aggregate: runAggregate }, loaded, { events, context: { at_ms: 1_700_000_000_000 + entries.length, correlation_id: 'refund' } })).loaded;
  }
  return entries;
};

/** What the session of the server has done so far: CPU time, pages that it looked at, bytes that it wrote to the write-ahead log. */
const serverCounts = async (database) => {
  const [{ pid, pages, wal }] = await database.query({
    text: `select pg_backend_pid() as pid, pg_current_wal_insert_lsn() - '0/0' as wal,
      (select sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0) + coalesce(toast_blks_hit + toast_blks_read, 0) + coalesce(tidx_blks_hit + tidx_blks_read, 0)) from pg_statio_user_tables) as pages`,
  });
  return { server: sessionCpuNs(pid) / 1000, pages: Number(pages), wal: Number(wal) };
};

/** The counts of the tables, as of now and not as of when the server last thought of it. */
const flushed = (database) => database.query({ text: 'select pg_stat_force_next_flush()' }).then(() => serverCounts(database));

const project = async (database, log) => {
  const store = new PostgresProjectionStore(database);
  await store.progress();
  const memory = new ProjectionMemory({ maxRuns: 4000, maxBytes: 256e6 });
  let events = 0;
  for (let from = 0; from < log.length; from += size) {
    const batch = log.slice(from, from + size).map(readLogEntry);
    const broken = batch.find(({ unreadable }) => unreadable !== undefined);
    if (broken) throw new Error(broken.unreadable);
    events += batch.reduce((sum, { stored }) => sum + stored.commit.events.length, 0);
    await store.write(projectBatch(batch, { memory, digest, now: 1 }), { after: from, published: 0 });
  }
  return events;
};

/** What one event costs, in every measure. */
const measure = async (database, { tables, log }) => {
  await database.query({ text: `truncate ${tables.join(', ')}; update countersign.projection_position set projected = 0` });
  // Behind a checkpoint the first change of a page costs the whole page: everyone begins there.
  await database.query({ text: 'checkpoint' });
  collectGarbage();
  const before = { ...(await flushed(database)), projector: ownCpuNs() / 1000 };
  const events = await project(database, log);
  const projector = ownCpuNs() / 1000;
  const after = { ...(await flushed(database)), projector };
  return Object.fromEntries(Object.keys(before).map((name) => [name, (after[name] - before[name]) / events]));
};

const names = { projector: 'CPU us, projector', server: 'CPU us, server', both: 'CPU us, both', pages: 'pages of the server', wal: 'bytes of the write-ahead log' };
const digits = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
const between = (all) => `${median(all).toFixed(2)} (${medianBetween(all).map((value) => value.toFixed(2)).join(' to ')})`;

/** Of each measure: the middle of all rounds for each length, and the ratios of two lengths, each taken within one round. */
const report = (figures) => Object.entries(names).map(([name, title]) => {
  const of = (length) => figures.map((round) => round.get(length)[name]);
  const pairs = lengths.flatMap((length, index) => lengths.slice(0, index).map((shorter) => [length, shorter]));
  return {
    'an event costs': title, ...Object.fromEntries(lengths.map((length) => [`runs of ${length}`, digits(median(of(length)))])),
    ...Object.fromEntries(pairs.map(([longer, shorter]) => [`${longer} to ${shorter}`, between(of(longer).map((value, round) => value / of(shorter)[round]))])),
  };
});

const data = mkdtempSync(path.join(tmpdir(), 'countersign-bench-'));
chmodSync(data, 0o777);
const server = await startPostgres({ dataDir: path.join(data, 'postgres'), port: 0, database: 'bench', durable: false });
const options = { url: server.url, name: 'bench', statementTimeoutMs: 600_000 };
// One connection: its session does all that is measured.
const database = new Database({ ...options, poolSize: 1 });
try {
  const migrating = new Database(options);
  await migrate(migrating);
  await migrating.close();
  await database.query({ text: 'alter system set autovacuum = off' });
  await database.query({ text: 'select pg_reload_conf()' });
  const tables = (await database.query({ text: `select relname as name from pg_class where relnamespace = 'countersign'::regnamespace and relkind = 'r' and relname not in ('migrations', 'projection_position')` })).map(({ name }) => `countersign.${name}`);
  const logs = new Map();
  for (const length of lengths) logs.set(length, await logOf(length));
  const figures = [];
  // Two rounds warm up. Each round begins with another length, so that none always comes after the same one.
  for (let round = -2; round < rounds; round += 1) {
    const measured = new Map();
    for (const index of lengths.keys()) {
      const length = lengths[(index + round + 3) % lengths.length];
      const { projector, server: session, pages, wal } = await measure(database, { tables, log: logs.get(length) });
      measured.set(length, { projector, server: session, both: projector + session, pages, wal });
    }
    if (round >= 0) figures.push(measured);
  }
  console.log(`${total} events for each length, ${size} commits at a time, ${rounds} rounds; between: where the middle lies with 95 %`);
  console.table(report(figures));
} finally {
  await database.close();
  await server.stop();
  rmSync(data, { recursive: true, force: true });
}
process.exit(0);
