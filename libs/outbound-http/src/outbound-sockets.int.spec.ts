import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createOutboundSockets } from './outbound-sockets.js';

describe('outbound sockets', () => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume().end('hello'));
  let connections = 0;
  let port = 0;
  beforeAll(async () => {
    server.on('connection', () => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each(['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '10.0.0.1', '169.254.169.254'])('do not reach %s unless the policy names it', async (host) => {
    const before = connections;
    expect(await createOutboundSockets({ egressAllow: [], resolve: (_name, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) }).connect({ host, port, timeoutMs: 2_000 })).toMatchObject({ kind: 'not_sent', reason: 'egress_denied' });
    expect(connections).toBe(before);
  });

  it('reach what the policy names, by address and by name', async () => {
    for (const [allow, host] of [['127.0.0.0/8', '127.0.0.1'], ['mail.internal', 'mail.internal']] as const) {
      const connected = await createOutboundSockets({ egressAllow: [allow], resolve: (_name, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) }).connect({ host, port, timeoutMs: 2_000 });
      if (connected.kind !== 'connected') throw new Error(connected.message);
      connected.socket.destroy();
    }
  });

  it('end in time when a name is not resolved, and say that nothing was sent', async () => {
    expect(await createOutboundSockets({ egressAllow: [], resolve: () => undefined }).connect({ host: 'mail.example.com', port, timeoutMs: 30 })).toMatchObject({ kind: 'not_sent', reason: 'connection_failed', message: expect.stringContaining('timed out') });
  });
});
