import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { streams } from '@cs/contracts';
import { done, type Eventing } from '@cs/eventing';
import { HEALTH, PlatformModule, type HealthRegistry } from '@cs/platform';
import { attemptLogRef, eventually, startTestNats, type TestNats } from '@cs/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Consumers } from './consumers.js';
import { NatsModule } from './nats.module.js';
import { CONSUMERS, EVENTING, NATS_CONNECTION } from './tokens.js';

@Module({})
class TestService {}

describe('the NATS module', () => {
  let nats: TestNats;
  let app: INestApplicationContext;

  beforeEach(async () => {
    nats = await startTestNats();
    const root = { module: TestService, imports: [PlatformModule.forRoot({ name: 'test', natsUrl: nats.url, logLevel: 'silent' }), NatsModule.forRoot({ url: nats.url, name: 'test' })] };
    app = await NestFactory.createApplicationContext(root, { logger: false });
  }, 60_000);
  afterEach(async () => {
    await app.close();
    await nats.stop();
  }, 60_000);

  it('gives a service its log, its consumers and a readiness check, and ends the connection with it', async () => {
    const handled: string[] = [];
    const consumer = app.get<Consumers>(CONSUMERS).start({
      stream: streams.log.name, durable: 'test--module', filters: ['cs.log.>'], ackWaitMs: 5000, maxInFlight: 4, maxDeliver: 3,
      handle: (message) => {
        handled.push(message.subject);
        return Promise.resolve(done);
      },
    });
    const commit = { commit_id: 'c', previous: 0, version: 1, events: [{ event_id: 'e', event_type: 'delivery_attempt_failed', version: 1, recorded_at_ms: 1, data: { attempt: 1, reason: 'r', failed_at_ms: 1 } }] };
    expect(await app.get<Eventing>(EVENTING).store.append(attemptLogRef('d'), 'retrying', commit)).toMatchObject({ kind: 'appended', position: 1 });
    await eventually(() => handled.length === 1);
    expect(await app.get<HealthRegistry>(HEALTH).report()).toEqual({ ready: true, checks: { nats: { ok: true } } });
    await consumer.stop();
    const nc = app.get<NatsConnection>(NATS_CONNECTION);
    await app.close();
    expect(nc.isClosed()).toBe(true);
  }, 30_000);

  it('is not ready while the server is away, and again when it is back', async () => {
    const health = app.get<HealthRegistry>(HEALTH);
    await nats.kill();
    await eventually(async () => !(await health.report()).ready);
    await nats.start();
    await eventually(async () => (await health.report()).ready, { timeoutMs: 10_000 });
  }, 30_000);

  it('ends in bounded time while the server is away', async () => {
    await nats.kill();
    await eventually(async () => !(await app.get<HealthRegistry>(HEALTH).report()).ready);
    const startedAt = performance.now();
    await app.close();
    expect(performance.now() - startedAt).toBeLessThan(8000);
    expect(app.get<NatsConnection>(NATS_CONNECTION).isClosed()).toBe(true);
  }, 30_000);
});
