import { Module, type INestApplicationContext, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Controller } from '@nestjs/common';
import { MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { localImplicitTenant, rpcMethod, type CallContext } from '@cs/contracts';
import { JsonText } from '@cs/kernel';
import { eventually, startTestNats, type TestNats } from '@cs/testing';
import { inSpan, InMemorySpans, useSpanSource } from '@cs/telemetry';
import { pino } from 'pino';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { natsTransport } from './nats-transport.js';
import { PlatformModule } from './platform.module.js';
import { answerRpc } from './rpc-answer.js';
import type { RpcClient } from './rpc-client.adapter.js';
import { METRICS, RPC_CLIENT } from './tokens.js';

const greet = rpcMethod<{ greeting: string }>()('cs.rpc.test.greet', z.object({ name: z.string() }));
const recite = rpcMethod<{ lines: readonly string[] }>()('cs.rpc.test.recite', z.object({ line: z.string() }));
const list = rpcMethod<{ text: string }>()('cs.rpc.test.list', z.object({ characters: z.int(), written: z.boolean() }));
const broken = rpcMethod<never>()('cs.rpc.test.broken', z.object({ run_id: z.string() }));
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

  @MessagePattern(list.subject)
  list(raw: unknown): Promise<unknown> {
    return answerRpc<typeof list, { text: string } | JsonText<{ text: string }>>(list, logger, ({ characters, written }) => {
      const value = { text: 'ü'.repeat(characters) };
      return Promise.resolve({ ok: true, value: written ? new JsonText(JSON.stringify(value)) : value });
    })(raw);
  }

  @MessagePattern(broken.subject)
  broken(raw: unknown): Promise<unknown> {
    return answerRpc(broken, logger, () => Promise.reject(new Error('password=hunter2')))(raw);
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

  it.each([true, false])('given an answer that no message holds, are refused at once, with what to do; written by the service: %s', async (written) => {
    expect(await rpc.call(list, { context, payload: { characters: 4_000_000, written } })).toMatchObject({ ok: true });
    const reply = await rpc.call(list, { context, payload: { characters: 4_200_000, written }, timeoutMs: 5000 });
    expect(reply).toMatchObject({ ok: false, refusal: { code: 'ANSWER_TOO_LARGE', details: { max_bytes: 8 * 1024 * 1024 } } });
  });

  it('end after their time, and say that the outcome is not known', async () => {
    expect(await rpc.call(silent, { context, payload: {}, timeoutMs: 50 })).toMatchObject({ refusal: { code: 'SERVICE_UNAVAILABLE', message: 'no answer in 50 ms; whether a command took effect is not known' } });
  });

  it('are measured by method and by how they ended', async () => {
    const ends = async () => new Set((await asking.get<Registry>(METRICS).metrics()).match(/^countersign_rpc_request_seconds_count\{.*?\} [1-9]/gm)?.map((line) => line.replace(/^.*method="(.*?)",outcome="(.*?)".*$/, '$1 $2')));
    await rpc.call(greet, { context, payload: { name: 'Ada' } });
    await rpc.call(greet, { context: { ...context, correlation_id: '' }, payload: { name: 'Ada' } });
    await rpc.relay(broken, { context, payload: { run_id: 'r' } });
    await rpc.call(missing, { context, payload: {} });
    for (const end of ['test/greet done', 'test/greet refused', 'test/broken failed', 'test/missing no_answer']) expect(await ends()).toContain(end);
    expect(await ends()).not.toContain('test/missing done');
  });

  describe('within something that is traced', () => {
    const runId = 'automation-v2-run-0190f3a2-0000-7000-8000-000000000001';
    let spans: InMemorySpans;
    beforeEach(() => {
      spans = new InMemorySpans();
      useSpanSource(spans);
    });
    afterEach(() => useSpanSource(undefined));

    it('are a part of it, and the answer is a part of the call', async () => {
      await inSpan({ name: 'request', kind: 'server' }, () => rpc.call(greet, { context, payload: { name: 'Ada' } }));
      const [request, asked, answered] = spans.all;
      expect([asked?.parent, answered?.parent]).toEqual([request?.context, asked?.context]);
      expect([asked, answered]).toMatchObject(['client', 'server'].map((kind) => ({ kind, name: 'test/greet', error: undefined, hasEnded: true, attributes: { 'rpc.system.name': 'nats', 'rpc.method': 'test/greet', 'countersign.org_id': 'local' } })));
      expect(spans.all).toHaveLength(3);
      expect(JSON.stringify(spans.all)).not.toContain('Ada');
    });

    it('say on both sides of which run they are and by which code they failed, and nothing else of it', async () => {
      await inSpan({ name: 'request', kind: 'server' }, () => rpc.call(broken, { context, payload: { run_id: runId } }));
      expect(spans.all.slice(1)).toMatchObject(['client', 'server'].map((kind) => ({ kind, error: 'INTERNAL', attributes: { 'countersign.run_id': runId, 'countersign.refusal': 'INTERNAL' } })));
      expect(JSON.stringify(spans.all)).not.toContain('hunter2');
    });

    it('fail when nobody answers, and are no failure when a rule refuses them', async () => {
      await inSpan({ name: 'request', kind: 'server' }, async () => {
        await rpc.call(missing, { context, payload: {} });
        await rpc.call(greet, { context, payload: { name: 7 as never } });
      });
      expect(spans.all.slice(1)).toMatchObject([{ name: 'test/missing', error: 'SERVICE_UNAVAILABLE' }, { name: 'test/greet', error: undefined, attributes: { 'countersign.refusal': 'REQUEST_BODY_INVALID' } }]);
    });
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
