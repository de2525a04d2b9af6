import { natsServers, natsUrlSchema } from './nats-servers.js';

describe('the address of NATS', () => {
  it.each([
    ['nats://127.0.0.1:4222', { servers: ['127.0.0.1:4222'] }],
    ['nats://a:4222, nats://b:4222', { servers: ['a:4222', 'b:4222'] }],
    ['nats://ops:p%40ss@a:4222,nats://b:4222', { servers: ['a:4222', 'b:4222'], user: 'ops', pass: 'p@ss' }],
    ['nats://s3cr3t@a:4222', { servers: ['a:4222'], token: 's3cr3t' }],
    ['tls://a:4222', { servers: ['a:4222'], tls: {} }],
    ['wss://a:443', { servers: ['wss://a'] }],
  ])('%s', (url, expected) => {
    expect(natsUrlSchema.safeParse(url).success).toBe(true);
    expect(natsServers(url)).toEqual(expected);
  });

  it.each(['', 'localhost:4222', 'http://a:4222', 'nats://', 'nats://a:4222,'])('"%s" is refused', (url) => {
    expect(natsUrlSchema.safeParse(url).success).toBe(false);
  });
});
