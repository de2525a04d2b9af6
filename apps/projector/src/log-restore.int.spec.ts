import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { logSubject, signalSubjects } from '@cs/contracts';
import { ensureStreams, JetStreamLogReader, JetStreamLogRestorer, LogBeingRestoredError, LogInUseError, LogNotAloneError } from '@cs/jetstream';
import { migrate, PostgresProjectionStore } from '@cs/postgres';
import { inSpan, InMemorySpans, useSpanSource } from '@cs/telemetry';
import { jetstream } from '@nats-io/jetstream';
import { ArchiveIncompleteError, LogDiffersError, LogRestore, type LogRestored, type LogRestoreOptions } from './log-restore.js';
import { LogLostError, refuseLostLog } from './lost-log.js';
import { ProjectionWorld } from './projection-world.fixture.js';

let world: ProjectionWorld;

beforeAll(async () => {
  world = await ProjectionWorld.start();
}, 60_000);
afterAll(() => world.stop());
beforeEach(() => world.begin());
afterEach(() => world.end());

const never = new AbortController().signal;
const restore = (options: Partial<LogRestoreOptions> = {}, signal = never): Promise<LogRestored> =>
  new LogRestore({
    archive: new PostgresProjectionStore(world.connect()), log: new JetStreamLogRestorer(world.nc), reader: new JetStreamLogReader(world.nc, { onError: () => undefined }), onProgress: () => undefined, ...options,
  }).run(signal);

/** A log with everything that is special in one, projected and published; then the projector ends. */
const aProjectedLog = async (runs = 3): Promise<void> => {
  world.startProjector();
  for (let run = 0; run < runs; run += 1) await world.wholeRun(`r${run}`);
  await world.unreadableCommit();
  await world.wholeRun('large', 'é'.repeat(300_000));
  await world.projectedUpTo(await world.waitingRun('waits'));
  await world.publishedAll();
  await world.stopProjectors();
};

/** A restorer that dies after it has appended so often. */
const dyingAfter = (appends: number): LogRestoreOptions['log'] => {
  const real = new JetStreamLogRestorer(world.nc);
  let left = appends;
  return {
    begin: () => real.begin(), finish: () => real.finish(),
    append: (commits) => {
      if (left === 0) return Promise.reject(new Error('killed'));
      left -= 1;
      return real.append(commits.slice(0, 3)).then(() => Promise.reject(new Error('killed')));
    },
  };
};

describe('restoring the log from the archive', () => {
  it('gives the same messages at the same positions; the projector goes on, and publishes nothing again', async () => {
    await aProjectedLog();
    const [messages, rows] = [await world.messages(), await world.rows()];
    const published = await world.published();
    await world.loseLog();
    expect(await restore()).toEqual({ commits: messages.length, written: messages.length });
    expect(await world.messages()).toEqual(messages);
    expect(await world.rows()).toEqual(rows);
    const projector = world.startProjector();
    const last = await world.wholeRun('afterwards');
    expect(last).toBe(messages.length + 5);
    await world.projectedUpTo(last);
    expect(() => projector.check()).not.toThrow();
    await world.stopProjectors();
    const afterwards = await world.published();
    expect(afterwards).toHaveLength(7);
    expect(afterwards.filter((place) => published.includes(place))).toEqual([]);
  });

  it('keeps of each commit what wrote it, and of each run the trace that it began in', async () => {
    const spans = new InMemorySpans();
    useSpanSource(spans);
    try {
      world.startProjector();
      await inSpan({ name: 'request', kind: 'server' }, () => world.waitingRun('traced'));
      await world.projectedUpTo(await world.wholeRun('begun-by-nobody'));
      await world.stopProjectors();
    } finally {
      useSpanSource(undefined);
    }
    const traced = await world.messages();
    const [request] = spans.all;
    expect(traced.slice(0, 2).map((message) => JSON.stringify(message)).every((text) => text.includes(`00-${request?.context.traceId}-`))).toBe(true);
    expect(JSON.stringify(traced[1])).toContain('origin_traceparent');
    await world.loseLog();
    await restore();
    expect(await world.messages()).toEqual(traced);
  });

  it('continues after it died in the middle, and no service starts until it is done', async () => {
    await aProjectedLog();
    const messages = await world.messages();
    await world.loseLog();
    await expect(restore({ log: dyingAfter(1) })).rejects.toThrow('killed');
    expect(await world.messages()).toEqual(messages.slice(0, 3));
    await expect(ensureStreams(world.nc)).rejects.toThrow(LogBeingRestoredError);
    await expect(restore({ log: dyingAfter(1) })).rejects.toThrow('killed');
    const stopped = new AbortController();
    stopped.abort(new Error('stopped'));
    await expect(restore({}, stopped.signal)).rejects.toThrow('stopped');
    await expect(ensureStreams(world.nc)).rejects.toThrow(LogBeingRestoredError);
    expect(await restore()).toEqual({ commits: messages.length, written: messages.length - 6 });
    expect(await world.messages()).toEqual(messages);
    await expect(ensureStreams(world.nc)).resolves.toBeUndefined();
  });

  it('writes nothing when the log is whole, and only what is missing when an older one was put back', async () => {
    await aProjectedLog();
    const messages = await world.messages();
    expect(await restore()).toEqual({ commits: messages.length, written: 0 });
    await world.wholeRun('not-archived');
    expect((await restore()).written).toBe(0);
    expect((await world.messages()).length).toBe(messages.length + 5);
  });

  it('refuses while services run, and leaves no mark', async () => {
    await aProjectedLog();
    const presence = world.nc.subscribe(signalSubjects.presence, { callback: (_error, message) => void message.respond('runner') });
    await expect(restore()).rejects.toThrow(LogInUseError);
    await expect(restore()).rejects.toThrow('services are running: runner.');
    presence.unsubscribe();
    await expect(ensureStreams(world.nc)).resolves.toBeUndefined();
  });

  it('refuses a log that was written to after it was lost, and leaves it as it is', async () => {
    await aProjectedLog();
    await world.loseLog();
    await ensureStreams(world.nc);
    await world.wholeRun('stranger');
    const strangers = await world.messages();
    await expect(restore()).rejects.toThrow(LogDiffersError);
    expect(await world.messages()).toEqual(strangers);
    await expect(ensureStreams(world.nc)).resolves.toBeUndefined();
  });

  it('stops when something else writes meanwhile', async () => {
    await aProjectedLog();
    await world.loseLog();
    const real = new JetStreamLogRestorer(world.nc);
    await expect(restore({
      log: {
        begin: () => real.begin(), finish: () => real.finish(),
        append: async (commits) => {
          await real.append(commits.slice(0, 2));
          await jetstream(world.nc).publish(logSubject({ org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: 'stranger' }, 'queued'), '{}');
          await real.append(commits.slice(2));
        },
      },
    })).rejects.toThrow(LogNotAloneError);
  });

  it('finds a commit that is not as it was archived', async () => {
    await aProjectedLog();
    const database = world.connect();
    await database.query({ text: `update countersign.archive set body = replace(body, 'refund', 'refuse') where position = 2` });
    await expect(restore()).rejects.toThrow('commit 2 of the log');
  });

  it('refuses an archive that is empty or lacks a commit', async () => {
    await migrate(world.connect());
    await expect(restore()).rejects.toThrow(ArchiveIncompleteError);
    await aProjectedLog();
    await world.loseLog();
    await world.connect().query({ text: 'delete from countersign.archive where position = 4' });
    await expect(restore()).rejects.toThrow('the archive has no commit 4');
  });
});

describe('starting on a log that has lost commits', () => {
  it('is refused, and says what to do', async () => {
    await aProjectedLog();
    await expect(refuseLostLog(world.connect(), world.nc)).resolves.toBeUndefined();
    await world.loseLog();
    await expect(refuseLostLog(world.connect(), world.nc)).rejects.toThrow(LogLostError);
    await restore();
    await expect(refuseLostLog(world.connect(), world.nc)).resolves.toBeUndefined();
  });
});
