import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failToStart, startPayments, until, type PaymentsProcess, type Reply } from './payments-process.fixture.js';

const refund = { order_id: 'order-1001', amount: 129.9 };

let folder: string;
let ledger: string;
let payments: PaymentsProcess;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'payments-'));
  ledger = path.join(folder, 'ledger.jsonl');
  payments = await startPayments(ledger);
});

afterEach(async () => {
  await payments.stop();
  await rm(folder, { recursive: true, force: true });
});

const pay = (key?: string, body: unknown = refund): Promise<Reply> => payments.call('POST', '/refunds', { body, ...(key === undefined ? {} : { key }) });
const paid = async (): Promise<unknown> => (await payments.call('GET', '/ledger?limit=0')).body;
const fault = (body: unknown): Promise<Reply> => payments.call('POST', '/faults', { body });
const hanging = (count: number): Promise<Reply> =>
  until(() => payments.call('GET', '/faults'), ({ body }) => JSON.stringify(body).includes(`"hanging":${count}`));

/** A refund whose caller stops waiting when told to; settles with what the caller saw. */
const payImpatiently = (key: string): { giveUp: () => void; seen: Promise<Reply | 'no answer'> } => {
  const caller = new AbortController();
  const seen = payments.call('POST', '/refunds', { body: refund, key, signal: caller.signal }).catch((): 'no answer' => 'no answer');
  return { giveUp: () => caller.abort(), seen };
};

describe('orders', () => {
  it('finds seeded orders, and any order with a number, the same each time', async () => {
    expect(await payments.call('GET', '/orders/order-1001')).toMatchObject({
      status: 200, body: { order_id: 'order-1001', customer: 'mina.okafor@example.com', amount: 129.9, currency: 'EUR', status: 'paid' },
    });
    const first = await payments.call('GET', '/orders/order-987654');
    expect(first.status).toBe(200);
    expect((await payments.call('GET', '/orders/order-987654')).body).toEqual(first.body);
  });

  it('knows no other order', async () => {
    const { status, headers, body } = await payments.call('GET', '/orders/invoice-1');
    expect({ status, type: headers.get('content-type'), body }).toMatchObject({ status: 404, type: 'application/problem+json', body: { code: 'order_not_found' } });
  });

  it('shows what has been paid back', async () => {
    await pay('a', { ...refund, amount: 100 });
    expect((await payments.call('GET', '/orders/order-1001')).body).toMatchObject({ status: 'partly_refunded' });
    await pay('b', { ...refund, amount: 29.9 });
    expect((await payments.call('GET', '/orders/order-1001')).body).toMatchObject({ status: 'refunded' });
  });
});

describe('refunds', () => {
  it('pays every call that carries no key', async () => {
    expect((await pay()).status).toBe(201);
    expect((await pay()).status).toBe(201);
    expect(await paid()).toEqual({ entries: [], count: 2, total: 259.8 });
  });

  it('answers a repeated key with the first refund', async () => {
    const first = await pay('key-1');
    const again = await pay('key-1', { currency: 'EUR', amount: 129.9, order_id: 'order-1001' });
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(await paid()).toMatchObject({ count: 1, total: 129.9 });
  });

  it('refuses a key that was used with another body', async () => {
    await pay('key-1');
    expect(await pay('key-1', { ...refund, amount: 1 })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await paid()).toMatchObject({ count: 1 });
  });

  it('pays once when the same key arrives many times at once', async () => {
    const replies = await Promise.all(Array.from({ length: 40 }, () => pay('key-1')));
    const firsts = replies.filter(({ status, headers }) => status === 201 && !headers.has('idempotency-replayed'));
    const others = replies.filter((reply) => !firsts.includes(reply));
    expect(firsts).toHaveLength(1);
    for (const { status, body } of others) expect(status === 409 || JSON.stringify(body) === JSON.stringify(firsts[0]?.body)).toBe(true);
    expect(await paid()).toMatchObject({ count: 1 });
  });

  it('pays each of many keys that arrive at once', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, index) => pay(`key-${index}`, { order_id: `order-${index}`, amount: 0.1 })));
    expect(await paid()).toMatchObject({ count: 200, total: 20 });
    expect((await payments.call('GET', '/ledger?order_id=order-7')).body).toMatchObject({ count: 1, entries: [{ order_id: 'order-7', idempotency_key: 'key-7' }] });
  });

  it('says that a key is in use while its first call is still under way', async () => {
    await fault({ operation: 'refund', mode: 'hang_before' });
    const first = payImpatiently('key-1');
    await hanging(1);
    const second = await pay('key-1');
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1']);
    expect(await pay('key-1', { ...refund, amount: 1 })).toMatchObject({ status: 422 });

    first.giveUp();
    await hanging(0);
    expect((await pay('key-1')).status).toBe(201);
    expect(await paid()).toMatchObject({ count: 1 });
  });
});

describe('faults', () => {
  it('hang_after takes the money, and a retry with the same key learns of that refund', async () => {
    await fault({ operation: 'refund', mode: 'hang_after' });
    const first = payImpatiently('key-1');
    await hanging(1);
    expect(await paid()).toMatchObject({ count: 1, total: 129.9 });
    first.giveUp();
    expect(await first.seen).toBe('no answer');

    const retry = await pay('key-1');
    expect([retry.status, retry.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect((await payments.call('GET', '/ledger')).body).toMatchObject({ count: 1, entries: [retry.body] });
  });

  it('fail_after without a key is paid twice by a caller that retries', async () => {
    await fault({ operation: 'refund', mode: 'fail_after' });
    expect((await pay()).status).toBe(500);
    expect((await pay()).status).toBe(201);
    expect(await paid()).toMatchObject({ count: 2 });
  });

  it('fail_before fails as often as asked and pays nothing', async () => {
    await fault({ operation: 'refund', mode: 'fail_before', times: 2, status: 502 });
    expect((await pay('key-1')).status).toBe(502);
    expect((await pay('key-1')).status).toBe(502);
    expect(await paid()).toMatchObject({ count: 0 });
    expect((await pay('key-1')).headers.has('idempotency-replayed')).toBe(false);
  });

  it('slow pays although its caller has left', async () => {
    await fault({ operation: 'refund', mode: 'slow', delay_ms: 1000 });
    const first = payImpatiently('key-1');
    await until(() => payments.call('GET', '/faults'), ({ body }) => JSON.stringify(body).includes('"count":0'));
    first.giveUp();
    expect(await first.seen).toBe('no answer');
    await until(paid, (seen) => JSON.stringify(seen).includes('"count":1'));
  });

  it('apply to their own operation only', async () => {
    await fault({ operation: 'lookup', mode: 'fail_before' });
    expect((await pay('key-1')).status).toBe(201);
    expect((await payments.call('GET', '/orders/order-1001')).status).toBe(503);
    expect((await payments.call('GET', '/orders/order-1001')).status).toBe(200);
  });

  it('are forgotten by DELETE, which also drops what hangs', async () => {
    await fault({ operation: 'refund', mode: 'hang_before', times: 5 });
    const first = payImpatiently('key-1');
    await hanging(1);
    await payments.call('DELETE', '/faults');
    expect(await first.seen).toBe('no answer');
    expect((await payments.call('GET', '/faults')).body).toEqual({ faults: [], count: 0, hanging: 0 });
    expect((await pay('key-1')).status).toBe(201);
  });
});

describe('notifications', () => {
  it('are recorded, once per key, and kept apart from the money', async () => {
    const call = { body: { to: 'mina.okafor@example.com', message: 'We have refunded 129.90 EUR.' }, key: 'key-1' };
    const first = await payments.call('POST', '/notifications', call);
    expect(first.status).toBe(202);
    expect((await payments.call('POST', '/notifications', call)).body).toEqual(first.body);
    expect((await payments.call('GET', '/notifications')).body).toMatchObject({ count: 1, notifications: [first.body] });
    expect((await pay('key-1')).status).toBe(201);
    expect(await paid()).toMatchObject({ count: 1 });
  });
});

describe('a restart', () => {
  it('keeps the ledger and the keys', async () => {
    const first = await pay('key-1');
    expect(await payments.stop('SIGTERM')).toBe(0);
    payments = await startPayments(ledger);

    expect(await paid()).toMatchObject({ count: 1, total: 129.9 });
    const again = await pay('key-1');
    expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([201, 'true', first.body]);
    expect((await pay('key-1', { ...refund, amount: 1 })).status).toBe(422);
  });

  it('keeps a refund whose answer was never sent because the process was killed', async () => {
    await fault({ operation: 'refund', mode: 'hang_after' });
    const first = payImpatiently('key-1');
    await hanging(1);
    await payments.stop('SIGKILL');
    expect(await first.seen).toBe('no answer');
    payments = await startPayments(ledger);
    expect((await pay('key-1')).headers.get('idempotency-replayed')).toBe('true');
    expect(await paid()).toMatchObject({ count: 1 });
  });

  it('cuts off an incomplete last line', async () => {
    await pay('key-1');
    await payments.stop('SIGKILL');
    const whole = await readFile(ledger, 'utf8');
    await appendFile(ledger, '{"kind":"refund","refund_id":"refu');
    payments = await startPayments(ledger);
    expect(await paid()).toMatchObject({ count: 1 });
    expect(await readFile(ledger, 'utf8')).toBe(whole);
    expect((await pay('key-2')).status).toBe(201);
  });

  it('refuses a ledger that is damaged elsewhere, and says where', async () => {
    await pay('key-1');
    await payments.stop();
    await appendFile(ledger, 'not json\n');
    const { code, errors } = await failToStart({ HOST: '127.0.0.1', PORT: '0', LEDGER: ledger });
    expect(code).toBe(1);
    expect(errors).toBe(`LEDGER is damaged at ${ledger}:2: the line is not JSON. Repair it, or point LEDGER at another file.\n`);
  });

  it('refuses a ledger that is no file', async () => {
    const { code, errors } = await failToStart({ HOST: '127.0.0.1', PORT: '0', LEDGER: folder });
    expect([code, errors.startsWith(`LEDGER ${folder} cannot be opened: EISDIR`)]).toEqual([1, true]);
  });

  it('stops although calls hang', async () => {
    await fault({ operation: 'refund', mode: 'hang_before' });
    const first = payImpatiently('key-1');
    await hanging(1);
    expect(await payments.stop('SIGINT')).toBe(0);
    expect(await first.seen).toBe('no answer');
  });

  it('on a port that is taken ends with a message that names PORT', async () => {
    const { port } = new URL(payments.url);
    const { code, errors } = await failToStart({ HOST: '127.0.0.1', PORT: port, LEDGER: ledger });
    expect([code, errors]).toEqual([1, `PORT ${port} on 127.0.0.1 is taken. Set PORT to a free port, or to 0 to take any.\n`]);
  });
});

describe('a service that stops with its standard input', () => {
  const start = async (): Promise<ChildProcessByStdio<Writable, Readable, null>> => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'payments-service.mjs')], { env: { PORT: '0', LEDGER: path.join(folder, 'other.jsonl'), STOP_WITH_STDIN: 'true' }, stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  };

  it.each([
    ['its input ends', (child: ChildProcessByStdio<Writable, Readable, null>) => void child.stdin.end()],
    ['it is told to, while its input is still open', (child: ChildProcessByStdio<Writable, Readable, null>) => void child.kill('SIGTERM')],
  ])('stops when %s', async (_when, stop) => {
    const child = await start();
    const exited = once(child, 'exit');
    stop(child);
    expect(await exited).toEqual([0, null]);
  });
});

describe('bad input', () => {
  it.each([
    ['no fields', {}, ['/order_id', '/amount']],
    ['an amount with three decimals', { ...refund, amount: 1.005 }, ['/amount']],
    ['an amount as text', { ...refund, amount: '129.90' }, ['/amount']],
    ['nothing to pay', { ...refund, amount: 0 }, ['/amount']],
    ['a malformed order', { ...refund, order_id: '../ledger' }, ['/order_id']],
    ['another currency', { ...refund, currency: 'USD' }, ['/currency']],
    ['an unknown field', { ...refund, 'a/b': 1 }, ['/a~1b']],
    ['a list', [refund], ['']],
  ])('names what is wrong and where: %s', async (_title, body, pointers) => {
    const reply = await pay('key-1', body);
    expect(reply).toMatchObject({ status: 400, body: { code: 'body_invalid', errors: pointers.map((pointer) => ({ pointer })) } });
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(await paid()).toMatchObject({ count: 0 });
  });

  it.each([
    ['broken JSON', '{"order_id":', { status: 400, body: { code: 'body_not_json' } }],
    ['a body that is too large', JSON.stringify({ ...refund, note: 'x'.repeat(20_000) }), { status: 413, body: { code: 'body_too_large' } }],
  ])('refuses %s', async (_title, body, refusal) => {
    expect(await pay('key-1', body)).toMatchObject(refusal);
    expect(await paid()).toMatchObject({ count: 0 });
  });

  it('refuses a body that is not sent as JSON', async () => {
    const response = await fetch(new URL('/refunds', payments.url), { method: 'POST', body: JSON.stringify(refund) });
    expect([response.status, await response.json()]).toMatchObject([415, { code: 'body_not_json' }]);
  });

  it('refuses an empty key, an unknown fault, an unknown route and a wrong method', async () => {
    expect(await pay('')).toMatchObject({ status: 400, body: { code: 'idempotency_key_invalid' } });
    expect(await fault({ operation: 'refund', mode: 'explode' })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/mode' }] } });
    expect((await payments.call('GET', '/nothing')).status).toBe(404);
    const wrong = await payments.call('GET', '/refunds');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  });
});
