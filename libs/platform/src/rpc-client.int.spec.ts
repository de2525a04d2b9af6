import { Module, type INestApplicationContext, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Controller } from '@nestjs/common';
import { MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { localImplicitTenant, rpcMethod, type CallContext } from '@cs/contracts';
import { JsonText } from '@cs/kernel';
import { eventually, startTestNats, type TestNats } from '@cs/testing';
import { pino } from 'pino';
import { z } from 'zod';
import { natsTransport } from './nats-transport.js';
import { PlatformModule } from './platform.module.js';
import { answerRpc } from './rpc-answer.js';
import type { RpcClient } from './rpc-client.adapter.js';
import { RPC_CLIENT } from './tokens.js';

const greet = rpcMethod<{ greeting: string }>()('cs.rpc.test.greet', z.object({ name: z.string() }));
const recite = rpcMethod<{ lines: readonly string[] }>()('cs.rpc.test.recite', z.object({ line: z.string() }));
const silent = rpcMethod<never>()('cs.rpc.test.silent', z.object({}));
const missing = rpcMethod<never>()('cs.rpc.test.missing', z.object({}));
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'human' }, correlation_id: 'c' };
const logger = pino({ level: 'silent' });

@Controller()
class Greeter {
  @MessagePattern(greet.subject)
  greet(raw: unknown): Promise<unknown> {
    return answerRpc(greet, logger, ({ name }, { tenant }) => Promise.resolve({ ok: true, value: { greeting: `${name} of ${tenant.org_id}` }, position: 7 }))(raw);
  }

  @MessagePattern(recite.subject)
  recite(raw: unknown): Promise<unknown> {
    return answerRpc<typeof recite, JsonText<{ lines: readonly string[] }>>(recite, logger, ({ line }) => Promise.resolve({ ok: true, value: new JsonText(`{"lines": [${JSON.stringify(line)}]}`) }))(raw);
  }

  @MessagePattern(silent.subject)
  silent(): Promise<never> {
    return new Promise(() => undefined);
  }
}

@Module({ controllers: [Greeter] })
class Answering {}

@Module({})
class Asking {}

describe('calls between services', () => {
  let nats: TestNats;
  let answering: INestMicroservice;
  let asking: INestApplicationContext;
  let rpc: RpcClient;

  beforeAll(async () => {
    nats = await startTestNats();
    answering = await NestFactory.createMicroservice<MicroserviceOptions>(Answering, { ...natsTransport({ url: nats.url, name: 'answering' }), logger: false });
    await answering.listen();
    asking = await NestFactory.createApplicationContext({ module: Asking, imports: [PlatformModule.forRoot({ name: 'asking', natsUrl: nats.url, logLevel: 'silent' })] }, { logger: false });
    rpc = asking.get(RPC_CLIENT);
  }, 60_000);
  afterAll(async () => {
    await asking.close();
    await answering.close();
    await nats.stop();
  }, 60_000);

  it('bring back the value and the position that was written', async () => {
    expect(await rpc.call(greet, { context, payload: { name: 'Ada' } })).toEqual({ ok: true, value: { greeting: 'Ada of local' }, position: 7 });
  });

  it('bring back a refusal as a value', async () => {
    expect(await rpc.call(greet, { context: { ...context, correlation_id: '' }, payload: { name: 'Ada' } })).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_INVALID' } });
  });

  it('bring back what a service wrote, read for who calls, and byte by byte for who passes it on', async () => {
    expect(await rpc.call(recite, { context, payload: { line: 'Zoë “signs”' } })).toEqual({ ok: true, value: { lines: ['Zoë “signs”'] } });
    const reply = await rpc.relay(recite, { context, payload: { line: 'Zoë “signs”' } });
    expect(reply.ok && Buffer.from(reply.value).toString()).toBe('{"lines": ["Zoë “signs”"]}');
  });

  it('pass on as JSON what a service did not write itself, and a refusal as a value', async () => {
    const reply = await rpc.relay(greet, { context, payload: { name: 'Ada' } });
    expect(reply.ok && Buffer.from(reply.value).toString()).toBe('{"greeting":"Ada of local"}');
    expect(await rpc.relay(recite, { context: { ...context, correlation_id: '' }, payload: { line: 'x' } })).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_INVALID' } });
    expect(await rpc.relay(missing, { context, payload: {} })).toMatchObject({ ok: false, refusal: { code: 'SERVICE_UNAVAILABLE' } });
  });

  it('are refused at once when no instance of the service runs', async () => {
    expect(await rpc.call(missing, { context, payload: {} })).toEqual({ ok: false, retry_after_s: 1, refusal: { code: 'SERVICE_UNAVAILABLE', message: 'no instance of the service is running' } });
  });

  it('end after their time, and say that the outcome is not known', async () => {
    expect(await rpc.call(silent, { context, payload: {}, timeoutMs: 50 })).toMatchObject({ refusal: { code: 'SERVICE_UNAVAILABLE', message: 'no answer in 50 ms; whether a command took effect is not known' } });
  });

  it('are refused while the broker is away, and work again by themselves when it is back', async () => {
    await nats.kill();
    await eventually(async () => {
      expect(await rpc.call(greet, { context, payload: { name: 'Ada' }, timeoutMs: 200 })).toMatchObject({ ok: false, retry_after_s: 1, refusal: { code: 'SERVICE_UNAVAILABLE', message: 'the message broker cannot be reached' } });
      return true;
    });
    await nats.start();
    await eventually(async () => (await rpc.call(greet, { context, payload: { name: 'Ada' }, timeoutMs: 500 })).ok, { timeoutMs: 10_000 });
  }, 30_000);
});
