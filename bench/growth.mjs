// npm run bench:growth: what projecting one event costs in runs of 10, 1,000 and 10,000 events.
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
import { usageOf } from './lib/processes.mjs';

const { values } = parseArgs({ options: { events: { type: 'string', default: '40000' }, lengths: { type: 'string', default: '10,1000,10000' }, rounds: { type: 'string', default: '3' } } });
const total = Number(values.events);
const digest = (text) => createHash('sha256').update(text).digest('hex');
const tenant = { org_id: 'bench', workspace_id: 'growth', source: 'explicit' };

/** A list of items, as a runner writes it: each item starts and completes, sixteen at a time in one commit. */
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

const data = mkdtempSync(path.join(tmpdir(), 'countersign-bench-'));
chmodSync(data, 0o777);
const server = await startPostgres({ dataDir: path.join(data, 'postgres'), port: 0, database: 'bench', durable: true });
const database = new Database({ url: server.url, name: 'bench', poolSize: 4, statementTimeoutMs: 600_000 });
const rows = [];
try {
  await migrate(database);
  const tables = (await database.query({ text: `select relname as name from pg_class where relnamespace = 'countersign'::regnamespace and relkind = 'r' and relname not in ('migrations', 'projection_position')` })).map(({ name }) => `countersign.${name}`);
  const logs = new Map();
  for (const length of values.lengths.split(',').map(Number)) logs.set(length, await logOf(length));
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const [length, log] of logs) {
      await database.query({ text: `truncate ${tables.join(', ')}; update countersign.projection_position set projected = 0` });
      const store = new PostgresProjectionStore(database);
      await store.progress();
      const memory = new ProjectionMemory({ maxRuns: 4000, maxBytes: 256e6 });
      const broken = log.slice(0, 5).map(readLogEntry).find(({ unreadable }) => unreadable !== undefined);
      if (broken) throw new Error(broken.unreadable);
    const [startedAt, own, theirs] = [performance.now(), process.cpuUsage(), usageOf(server.pid, { children: true }).cpu];
      let events = 0;
      for (let from = 0; from < log.length; from += 1000) {
        const batch = log.slice(from, from + 1000).map(readLogEntry);
        events += batch.reduce((sum, { stored }) => sum + stored.commit.events.length, 0);
        await store.write(projectBatch(batch, { memory, digest, now: 1 }), { after: from, published: 0 });
      }
      const { user, system } = process.cpuUsage(own);
      const micros = (seconds) => ((seconds * 1e6) / events).toFixed(0);
      // The first round warms up.
      if (round > 0) rows.push({ round, 'events a run': length, events, 'events/s': Math.round(events / ((performance.now() - startedAt) / 1000)), 'CPU us an event, projector': micros((user + system) / 1e6), 'CPU us an event, server': micros(usageOf(server.pid, { children: true }).cpu - theirs) });
    }
  }
  console.table(rows);
} finally {
  await database.close();
  await server.stop();
  rmSync(data, { recursive: true, force: true });
}
