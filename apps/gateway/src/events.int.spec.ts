import { streams } from '@cs/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { createServer, type Server } from 'node:http';
import { connect as connectSocket, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { openEvents, TestPublisher, type EventClient } from './event-client.fixture.js';
import { EventSource } from './events/event-source.adapter.js';
import { EventStream } from './events/event-stream.js';
import { eventually, post, send, startTestGateway, startTestNats, writeKeyFile, type KeyFile, type TestGateway, type TestNats } from './gateway.fixture.js';

let nats: TestNats;
let gateway: TestGateway;
let publisher: TestPublisher;
let keyFile: KeyFile;
let position = 0;
const clients: EventClient[] = [];

const acme = { 'x-api-key': 'secret-key-of-acme' };
const other = { 'x-api-key': 'secret-key-of-other' };

const open = async (query = '', headers: Readonly<Record<string, string>> = acme): Promise<EventClient> => {
  const client = await openEvents(gateway, { query, headers });
  clients.push(client);
  return client;
};

const next = (): number => (position += 1);

const consumers = async (): Promise<number> => {
  const manager = await jetstreamManager(nats.nc, { checkAPI: false });
  return (await manager.streams.info(streams.events.name)).state.consumer_count;
};

beforeAll(async () => {
  nats = await startTestNats();
  publisher = new TestPublisher(nats.nc);
  keyFile = await writeKeyFile([
    { key: 'secret-key-of-acme', org_id: 'acme', workspace_id: 'ops', actor_id: 'ada' },
    { key: 'secret-key-of-other', org_id: 'other', workspace_id: 'ops', actor_id: 'bob' },
  ]);
  gateway = await startTestGateway(nats.url, { COUNTERSIGN_API_KEYS_FILE: keyFile.path, COUNTERSIGN_MAX_EVENT_STREAMS: '3' });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await eventually('no consumer is left', async () => (await consumers()) === 0);
});
afterAll(async () => {
  await gateway?.stop();
  await nats?.stop();
  await keyFile?.remove();
});

describe('an event stream', () => {
  it('tells what happens from now on, each event with its id, type and untouched body', async () => {
    await publisher.publish({ position: next() });
    const client = await open();
    const at = next();
    await publisher.publish({ position: at, type: 'run_created', data: 'line\nbreak and ünïcode' }, { position: at, index: 1 });
    const [first, second] = await client.until(2);
    expect(first).toMatchObject({ id: `${at}.0`, event: 'run_created' });
    expect(JSON.parse(first?.data ?? '')).toMatchObject({ event_id: `acme-${at}-0`, position: at, data: 'line\nbreak and ünïcode' });
    expect(second).toMatchObject({ id: `${at}.1`, event: 'run_completed' });
    expect(client.response.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });

  it('continues after the last event that was received, also within a commit', async () => {
    const at = next();
    await publisher.publish({ position: at }, { position: at, index: 1 }, { position: at, index: 2 }, { position: next() });
    expect((await (await open('', { ...acme, 'last-event-id': `${at}.0` })).until(3)).map(({ id }) => id)).toEqual([`${at}.1`, `${at}.2`, `${at + 1}.0`]);
    const client = await open(`?after_position=0`, { ...acme, 'last-event-id': `${at}.2` });
    expect((await client.until(1)).map(({ id }) => id)).toEqual([`${at + 1}.0`]);
  });

  it('continues after a position, through to what happens next', async () => {
    const at = next();
    await publisher.publish({ position: at }, { position: at, index: 1 }, { position: next() });
    const client = await open(`?after_position=${at}`);
    await client.until(1);
    await publisher.publish({ position: next() });
    expect((await client.until(2)).map(({ id }) => id)).toEqual([`${at + 1}.0`, `${at + 2}.0`]);
  });

  it('holds only the types and the run that were asked for', async () => {
    const byType = await open('?types=run_failed,approval_gate_opened');
    const byRun = await open('?run_id=r2&types=run_completed');
    await publisher.publish({ position: next(), type: 'run_completed' }, { position: next(), type: 'run_failed' }, { position: next(), run_id: 'r2' }, { position: next(), run_id: 'r2', type: 'run_failed' });
    expect((await byType.until(2)).map(({ event }) => event)).toEqual(['run_failed', 'run_failed']);
    expect((await byRun.until(1)).map(({ data }) => (JSON.parse(data) as { aggregate_id: string }).aggregate_id)).toEqual(['r2']);
  });

  it('never holds events of another tenant, whatever it asks for', async () => {
    const at = next();
    await publisher.publish({ position: at, org_id: 'other', run_id: 'theirs' });
    const ours = [await open('?after_position=0&run_id=theirs'), await open('?after_position=0')];
    const theirs = await open('?after_position=0', other);
    await theirs.until(1);
    await publisher.publish({ position: next() });
    await ours[1]?.until(1);
    expect(theirs.received.map(({ id }) => id)).toEqual([`${at}.0`]);
    expect(ours[0]?.received).toEqual([]);
    expect(ours[1]?.received.some(({ data }) => data.includes('"org_id":"other"'))).toBe(false);
  });

  it('removes its consumer when the client goes away', async () => {
    const client = await open();
    expect(await consumers()).toBe(1);
    client.close();
    await eventually('the consumer is gone', async () => (await consumers()) === 0);
  });

  it('is one of a limited number for each tenant', async () => {
    const held = [await open(), await open(), await open()];
    const refused = await send(gateway, '/automations/v2/events', { headers: acme });
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' }, body: { code: 'RATE_LIMITED' } });
    expect((await open('', other)).status).toBe(200);
    held[0]?.close();
    await eventually('a place is free', async () => {
      const client = await open();
      return client.status === 200;
    });
  });

  it('carries a burst whole and in order', async () => {
    const client = await open();
    const from = position + 1;
    await publisher.publish(...Array.from({ length: 3000 }, () => ({ position: next(), data: 'x'.repeat(300) })));
    expect((await client.until(3000)).map(({ id }) => id)).toEqual(Array.from({ length: 3000 }, (_, offset) => `${from + offset}.0`));
  });
});

describe('after events were removed', () => {
  it('a client that comes back late is told that some are missing', async () => {
    const manager = await jetstreamManager(nats.nc, { checkAPI: false });
    const late = next();
    await publisher.publish({ position: late }, { position: next() }, { position: next() });
    const { state } = await manager.streams.info(streams.events.name);
    await manager.streams.purge(streams.events.name, { seq: state.last_seq });
    const client = await open('', { ...acme, 'last-event-id': `${late}.0` });
    expect((await client.until(2)).map(({ event, id }) => [event, id])).toEqual([['gap', undefined], ['run_completed', `${late + 2}.0`]]);
  });
});

describe('one stream by itself', () => {
  let server: Server;
  let outcome: Promise<void>;

  const serve = async (times: { heartbeatMs: number; stalledMs: number }): Promise<number> => {
    server = createServer((_request, response) => {
      outcome = new EventSource(nats.nc).open({ subjects: ['cs.events.acme.ops.>'], after: { position, index: 0 } }).then(async (subscription) => {
        await new EventStream(response, times).run(subscription);
        await subscription.close();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('shows that it lives while nothing happens', async () => {
    const client = await openEvents({ port: await serve({ heartbeatMs: 20, stalledMs: 10_000 }) });
    await eventually('two heartbeats', () => client.comments() >= 2);
    client.close();
    await outcome;
  });

  it('ends when the client takes nothing for too long, and what it holds stays bounded', async () => {
    const port = await serve({ heartbeatMs: 10_000, stalledMs: 300 });
    const socket: Socket = connectSocket(port, '127.0.0.1');
    socket.on('error', () => undefined).pause();
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('a consumer', async () => (await consumers()) === 1);
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 20; round += 1) await publisher.publish(...Array.from({ length: 100 }, () => ({ position: next(), data: 'x'.repeat(20_000) })));
    await eventually('the server gave up', async () => (await consumers()) === 0);
    await outcome;
    // What the publisher let go of is there until it is collected: new buffers make that happen.
    await eventually('nothing is held', () => {
      Buffer.alloc(4_000_000);
      return process.memoryUsage().arrayBuffers - before < 30_000_000;
    });
    socket.destroy();
  });
});

describe('an outage of the broker', () => {
  it('is bridged without a gap, and new streams are refused meanwhile', async () => {
    const own = await startTestNats();
    const gate = await startTestGateway(own.url);
    const client = await openEvents(gate);
    const local = new TestPublisher(own.nc);
    const tenant = { org_id: 'local', workspace_id: 'local' };
    await local.publish({ ...tenant, position: 1 });
    await client.until(1);
    await own.interrupt();
    const refused = await send(gate, '/automations/v2/events');
    expect(refused).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
    expect(await post(gate, '/automations/v2/refund/run_now', { json: {} })).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: { code: 'SERVICE_UNAVAILABLE' } });
    await own.resume();
    await local.publish({ ...tenant, position: 2 }, { ...tenant, position: 3 });
    await eventually('events after the outage', () => client.received.length === 3, 30_000);
    expect(client.received.map(({ id }) => id)).toEqual(['1.0', '2.0', '3.0']);
    client.close();
    await gate.stop();
    await own.stop();
  }, 60_000);
});

describe('a stop', () => {
  it('ends the streams and does not wait for their clients', async () => {
    const gate = await startTestGateway(nats.url);
    const client = await openEvents(gate);
    await gate.stop();
    await client.ended;
    expect(client.status).toBe(200);
  });
});
