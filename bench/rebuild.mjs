// npm run bench:rebuild: how fast the projections are built again, beside the plain bulk insert of the same rows.
import { noAuditKeys, readLogEntry } from '@cs/eventing';
import { startPostgres } from '@cs/embedded-servers';
import { Database, migrate, PostgresProjectionStore } from '@cs/postgres';
import { runRebuild } from '@cs/projector';
import { ProjectionMemory, projectBatch } from '@cs/read-models';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { digest, writeGatedRuns } from './lib/gated-runs.mjs';
import { usageOf } from './lib/processes.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '3' } } });
const runs = Number(values.runs);

/** The log of many runs at a time, as a projector reads it. */
const writeLog = async () => {
  const entries = [];
  await writeGatedRuns({ workspace_id: 'rebuild', runs }, (message) => entries.push(readLogEntry(message)));
  return entries;
};

const project = async (database, entries, size = 1000) => {
  const store = new PostgresProjectionStore(database);
  const memory = new ProjectionMemory({ maxRuns: 4000, maxBytes: 256e6 });
  await store.progress();
  let writing = Promise.resolve();
  for (let from = 0; from < entries.length; from += size) {
    const changes = projectBatch(entries.slice(from, from + size), { memory, digest, now: 1 });
    await writing;
    writing = store.write(changes, { after: from, published: 0 });
  }
  await writing;
};

/** CPU seconds of the server and its sessions so far, from /proc; 0 where there is none. */
const serverCpu = (server) => usageOf(server.pid, { children: true }).cpu;

/** How long some work takes, and what it costs: here and in the server. */
const measure = async (server, work) => {
  const [startedAt, own, theirs] = [performance.now(), process.cpuUsage(), serverCpu(server)];
  await work();
  const { user, system } = process.cpuUsage(own);
  return { seconds: (performance.now() - startedAt) / 1000, client: (user + system) / 1e6, server: serverCpu(server) - theirs };
};

const data = mkdtempSync(path.join(tmpdir(), 'countersign-bench-'));
chmodSync(data, 0o777);
const server = await startPostgres({ dataDir: path.join(data, 'postgres'), port: 0, database: 'bench', durable: true });
const database = new Database({ url: server.url, name: 'bench', poolSize: 4, statementTimeoutMs: 600_000, settings: { synchronous_commit: 'off' } });
try {
  await migrate(database);
  let entries = await writeLog();
  const commits = entries.length;
  const events = entries.reduce((sum, { stored }) => sum + stored.commit.events.length, 0);
  const filled = await measure(server, () => project(database, entries));

  entries = [];
  const tables = (await database.query({ text: `select relname as name from pg_class where relnamespace = 'countersign'::regnamespace and relkind = 'r' and relname not in ('migrations', 'archive', 'projection_position') order by 1` })).map(({ name }) => name);
  const columnsOf = async (table) => (await database.query({ text: `select string_agg(attname, ', ' order by attnum) as names from pg_attribute where attrelid = ('countersign.' || $1)::regclass and attnum > 0 and not attisdropped and attgenerated = ''`, values: [table] }))[0].names;
  const copied = await Promise.all(tables.map(async (table) => ({ table, columns: await columnsOf(table), file: path.join(data, `${table}.copy`) })));
  const dump = async () => {
    for (const { table, columns, file } of copied) await database.query({ text: `copy (select ${columns} from countersign.${table}) to '${file}'` });
  };
  /** The same rows into tables with the same indexes, from files of the server's own format: no client, no JSON, no folding. */
  const load = async () => {
    for (const { table, columns, file } of copied) await database.query({ text: `copy plain.${table} (${columns}) from '${file}'` });
  };
  /** The same rows by multi-row inserts of a client that has them in memory. */
  const inMemory = [];
  for (const { table, columns } of copied) {
    const found = await database.query({ text: `select ${columns} from countersign.${table}` });
    const names = columns.split(', ');
    if (found.length > 0) inMemory.push({ table, columns, types: (await database.query({ text: `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = ('countersign.' || $1)::regclass and attname = any($2) order by attnum`, values: [table, names] })).map(({ type }) => type), arrays: names.map((name) => found.map((row) => row[name])) });
  }
  const insert = async () => {
    for (const { table, columns, types, arrays } of inMemory) {
      for (let from = 0; from < arrays[0].length; from += 2000) {
        const list = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
        await database.query({ name: `plain_${table}`, text: `insert into plain.${table} (${columns}) select * from unnest(${list})`, values: arrays.map((array) => array.slice(from, from + 2000)) });
      }
    }
  };
  const emptyTables = async () => {
    await database.query({ text: 'drop schema if exists plain cascade; create schema plain' });
    for (const table of tables) await database.query({ text: `create table plain.${table} (like countersign.${table} including all)` });
  };
  await dump();
  const options = { database, natsUrl: '', from: 'archive', anew: true, auditKeys: noAuditKeys, signal: new AbortController().signal, onBegin: () => undefined, onProgress: () => undefined, onSetAside: () => undefined };
  const rows = [];
  const add = (round, what, { seconds, client, server: cpu }) => rows.push({ round, what, seconds: seconds.toFixed(2), 'events/s': Math.round(events / seconds), 'CPU s, client': client.toFixed(2), 'CPU s, server': cpu.toFixed(2) });
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    await emptyTables();
    add(round, 'COPY from files of the server', await measure(server, load));
    await emptyTables();
    add(round, 'multi-row inserts', await measure(server, insert));
    add(round, 'rebuild from the archive', await measure(server, () => runRebuild(options)));
  }
  console.log(`${runs} runs, ${commits} commits, ${events} events; first projected in batches of 1,000 commits: ${Math.round(events / filled.seconds)} events/s`);
  console.table(rows);
} finally {
  await database.close();
  await server.stop();
  rmSync(data, { recursive: true, force: true });
}
