import { Writable } from 'node:stream';
import { localImplicitTenant, rpcMethod, rpcReplySchema, type CallContext } from '@cs/contracts';
import { LogUnavailableError } from '@cs/eventing';
import { pino } from 'pino';
import { z } from 'zod';
import { answerRpc, refusal } from './rpc-answer.js';

const double = rpcMethod<{ doubled: number }>()('cs.rpc.test.double', z.object({ number: z.int(), note: z.string().default('none') }));
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'human', actor_id: 'ada' }, correlation_id: 'corr-1' };

describe('answering a call', () => {
  let lines: { level: number; msg: string; correlation_id?: string; err?: { message: string } }[] = [];
  const logger = pino({ level: 'info' }, new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  }));
  beforeEach(() => {
    lines = [];
  });
  const failing = (error: unknown) => answerRpc(double, logger, () => Promise.reject(error))({ context, payload: { number: 1 } });

  it('gives the handler what was parsed, with defaults, and the verified context', async () => {
    const answer = answerRpc(double, logger, (payload, { correlation_id }) => Promise.resolve({ ok: true, value: { doubled: payload.number * 2 }, position: correlation_id.length + payload.note.length }));
    expect(await answer({ context, payload: { number: 21 } })).toEqual({ ok: true, value: { doubled: 42 }, position: 10 });
  });

  it.each([
    ['nothing', undefined],
    ['text', 'text'],
    ['a payload of another shape', { context, payload: { number: 'x' } }],
    ['no context', { payload: { number: 1 } }],
    ['a context without a tenant', { context: { ...context, tenant: undefined }, payload: { number: 1 } }],
    ['a tenant that is no subject token', { context: { ...context, tenant: { ...localImplicitTenant, org_id: 'a.>' } }, payload: { number: 1 } }],
  ])('refuses %s without calling the handler', async (_what, raw) => {
    let called = false;
    const reply = await answerRpc(double, logger, () => {
      called = true;
      return Promise.resolve({ ok: true, value: { doubled: 0 } });
    })(raw);
    expect(reply).toMatchObject({ ok: false, refusal: { code: 'REQUEST_BODY_INVALID', details: { problems: [expect.anything()] } } });
    expect(called).toBe(false);
  });

  it('says where a payload is wrong', async () => {
    const reply = await answerRpc(double, logger, () => Promise.reject(new Error('unreached')))({ context, payload: { number: 'x', note: 5 } });
    expect(reply).toMatchObject({ refusal: { message: expect.stringMatching(/payload\.number: .*; payload\.note: /) } });
  });

  it('passes a refusal on as it is', async () => {
    const answer = answerRpc(double, logger, () => Promise.resolve(refusal('INTERNAL', 'because', { node_id: 'a' })));
    expect(await answer({ context, payload: { number: 1 } })).toEqual({ ok: false, refusal: { code: 'INTERNAL', message: 'because', details: { node_id: 'a' } } });
  });

  it('tells the caller to come back when the log cannot be reached', async () => {
    expect(await failing(new LogUnavailableError('away', { cause: new Error('10.0.0.7 refused') }))).toEqual({
      ok: false, retry_after_s: 1, refusal: { code: 'LOG_UNAVAILABLE', message: expect.stringContaining('whether the command took effect is not known') },
    });
    expect(lines).toMatchObject([{ level: 40, correlation_id: 'corr-1' }]);
  });

  it.each([new Error('password=hunter2 at /srv/app.js:1:1'), new TypeError('x is undefined'), 'just text', undefined])('hides what went wrong from the caller, and logs it: %s', async (thrown) => {
    const reply = await failing(thrown);
    expect(reply).toEqual({ ok: false, refusal: { code: 'INTERNAL', message: 'the service could not do this', details: { correlation_id: 'corr-1' } } });
    expect(lines).toMatchObject([{ level: 50, msg: 'call failed', correlation_id: 'corr-1' }]);
  });

  it('answers also when the handler throws before it returns a promise', async () => {
    const reply = await answerRpc(double, logger, () => {
      throw new Error('at once');
    })({ context, payload: { number: 1 } });
    expect(reply).toMatchObject({ ok: false, refusal: { code: 'INTERNAL' } });
  });

  it('always answers in the shape that callers parse', async () => {
    for (const reply of [await failing(new Error('x')), await failing(new LogUnavailableError('x')), await answerRpc(double, logger, () => Promise.reject(new Error('x')))(undefined)]) {
      expect(rpcReplySchema.parse(JSON.parse(JSON.stringify(reply)))).toEqual(reply);
    }
  });
});
