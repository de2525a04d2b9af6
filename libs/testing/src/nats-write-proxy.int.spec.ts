import { connect, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from './eventually.js';
import { natsWriteProxy, type NatsWriteProxy } from './nats-write-proxy.js';
import { NatsFrames } from './nats-frames.js';
import { startTestNats, type TestNats } from './test-nats.js';

describe('the wire that counts writes', () => {
  let nats: TestNats;
  let proxy: NatsWriteProxy;
  let direct: NatsConnection;
  let client: NatsConnection;
  let heard: string[] = [];

  beforeAll(async () => {
    nats = await startTestNats();
    direct = await connect({ servers: nats.url });
    direct.subscribe('>', { callback: (_error, message) => void heard.push(`${message.subject} ${message.string()}`) });
    await direct.flush();
  });
  afterAll(async () => {
    await direct.close();
    await nats.stop();
  });
  beforeEach(async () => {
    heard = [];
    proxy = await natsWriteProxy(nats.port);
    client = await connect({ servers: `127.0.0.1:${proxy.port}`, reconnect: false });
  });
  afterEach(async () => {
    await client.close();
    await proxy.close();
  });

  const write = (...payloads: string[]): void => {
    for (const payload of payloads) client.publish('cs.log.acme.ops.run.r-1.queued', payload);
  };
  const ofLog = (): readonly string[] => heard.filter((line) => line.startsWith('cs.log.')).map((line) => line.split(' ').at(-1) ?? '');

  it('counts writes to streams, and passes everything on', async () => {
    proxy.arm(undefined, () => undefined);
    write('one');
    client.publish('cs.rpc.else', 'not a write');
    client.publish('$JS.ACK.CS_LOG.c.1.1.1.1.0', '+WPI');
    client.publish('$JS.ACK.CS_LOG.c.1.1.1.1.0', '+ACK');
    await client.flush();
    await eventually(() => heard.some((line) => line.endsWith('+ACK')));
    expect(proxy.writes).toEqual(['cs.log.acme.ops.run.r-1.queued', '$JS.ACK.CS_LOG.c.1.1.1.1.0']);
    expect(heard).toContain('cs.rpc.else not a write');
  });

  it.each([['before', ['one']], ['after', ['one', 'two']]] as const)('ends its client just %s the write it is asked to', async (when, expected) => {
    let killed = 0;
    proxy.arm({ write: 2, when }, () => {
      killed += 1;
      void client.close();
    });
    write('one', 'two', 'three');
    await eventually(() => killed === 1 && ofLog().length >= expected.length);
    await direct.flush();
    expect(ofLog()).toEqual(expected);
  });

  it('reads operations that arrive in pieces, with headers and line ends in their payloads', () => {
    const frames = new NatsFrames();
    const bytes = Buffer.from('PING\r\nHPUB a.b reply 16 22\r\nNATS/1.0\r\nA: b\r\n\r\n\r\nPUB \r\nPUB c 0\r\n\r\n');
    const headers = Buffer.from('NATS/1.0\r\nA: b\r\n\r\n').length;
    const text = bytes.toString().replace('16 22', `${headers} ${headers + 6}`);
    const read = [...Buffer.from(text)].flatMap((byte) => [...frames.read(Buffer.from([byte]))]);
    expect(read.map(({ subject, payload }) => [subject, payload])).toEqual([[undefined, undefined], ['a.b', '\r\nPUB '], ['c', '']]);
    expect(Buffer.concat(read.map((frame) => frame.bytes)).toString()).toBe(text);
  });
});
