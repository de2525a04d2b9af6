import { createAutomation, decideGate, runNow } from '@cs/contracts';
import { httpErrorCatalogue } from '@cs/http-api';
import { eventually, keyFileText, post, respond, send, sendRaw, startTestGateway, startTestNats, writeKeyFile, type Answer, type KeyFile, type TestGateway, type TestNats } from './gateway.fixture.js';
import { runRecord } from './run.fixture.js';

let nats: TestNats;
let gateway: TestGateway;
let asked = 0;

const automation = { key: 'secret-key-of-ada', org_id: 'acme', workspace_id: 'ops', actor_id: 'ada' } as const;
let keyFile: KeyFile;

beforeAll(async () => {
  nats = await startTestNats();
  keyFile = await writeKeyFile([automation]);
  gateway = await startTestGateway(nats.url, { COUNTERSIGN_LOCAL_IMPLICIT: 'true', COUNTERSIGN_API_KEYS_FILE: keyFile.path });
  // Nothing that is malformed may reach a service.
  for (const method of [createAutomation, runNow, decideGate]) {
    await respond<unknown>(nats.nc, method, () => {
      asked += 1;
      return { ok: true, value: runRecord() };
    });
  }
});
afterAll(async () => {
  await gateway?.stop();
  await nats?.stop();
  await keyFile?.remove();
});

/** What every refusal is: problem+json with a catalogued code, and nothing of our insides. */
const expectProblem = (answer: Answer, status: number, code: string): void => {
  expect([answer.status, answer.body['code']]).toEqual([status, code]);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(answer.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  expect(answer.body).toMatchObject({ type: `/docs/errors#${code}`, status, title: expect.any(String), detail: expect.any(String), error: expect.any(String), instance: expect.any(String), correlationId: expect.stringMatching(/.+/) });
  expect(Object.keys(httpErrorCatalogue)).toContain(code);
  expect(answer.headers['x-correlation-id']).toBe(answer.body['correlationId']);
  expectNoInsides(answer.text);
};

const expectNoInsides = (text: string): void => {
  expect(text).not.toMatch(/\bat .+\.(js|ts):\d+|node_modules|node:internal|FST_ERR|HPE_|ZodError|secret-key/);
};

const definition = '/automations/v2';
const start = '/automations/v2/refund/run_now';
const gate = '/automations/v2/runs/r1/gate';
const raw = (target: string, body: string | Buffer, contentType = 'application/json') => send(gateway, target, { method: 'POST', headers: { 'content-type': contentType }, body });

describe('a malformed body', () => {
  afterEach(() => expect(asked).toBe(0));

  it('that is not JSON is told where', async () => {
    const answer = await raw(gate, '{\n  "decision": approve\n}');
    expectProblem(answer, 400, 'REQUEST_BODY_MALFORMED');
    expect(answer.body).toMatchObject({ detail: 'the body is not JSON: expected a value at line 2, column 15', line: 2, column: 15 });
  });

  it('that is not YAML is told where', async () => {
    const answer = await raw(definition, 'automation_id: a\nflow: [\n', 'application/yaml');
    expectProblem(answer, 400, 'REQUEST_BODY_MALFORMED');
    expect(answer.body['detail']).toContain('line ');
  });

  it.each(['null', '[]', '"text"', '7', 'true'])('that is %s and no object is refused', async (body) => {
    expectProblem(await raw(definition, body), 400, 'REQUEST_BODY_INVALID');
    if (body !== 'null') expectProblem(await raw(start, body), 400, 'REQUEST_BODY_INVALID');
    expectProblem(await raw(gate, body), 400, 'REQUEST_BODY_INVALID');
  });

  it('that is missing is refused where one is needed', async () => {
    expectProblem(await send(gateway, gate, { method: 'POST' }), 400, 'REQUEST_BODY_MALFORMED');
    expectProblem(await raw(definition, ''), 400, 'REQUEST_BODY_MALFORMED');
  });

  it('with unknown and wrong members names each of them', async () => {
    const answer = await post(gateway, gate, { json: { decision: 7, colour: 'red', actor: { kind: 'human' } } });
    expectProblem(answer, 400, 'REQUEST_BODY_INVALID');
    expect(answer.body['problems']).toEqual(expect.arrayContaining([
      expect.objectContaining({ path: 'decision', code: 'invalid_type' }), expect.objectContaining({ path: 'colour', code: 'unknown_member' }), expect.objectContaining({ path: 'actor', code: 'unknown_member' }),
    ]));
  });

  it('in both spellings at once is refused', async () => {
    const answer = await post(gateway, start, { json: { dry_run: true, dryRun: false } });
    expectProblem(answer, 400, 'REQUEST_BODY_INVALID');
    expect(answer.body['problems']).toEqual([expect.objectContaining({ path: 'dryRun' })]);
  });

  it('with a wrong value says what was expected', async () => {
    expectProblem(await post(gateway, start, { json: { execution_profile: 'reckless' } }), 400, 'REQUEST_BODY_INVALID');
    expectProblem(await post(gateway, start, { json: { dry_run: 'yes' } }), 400, 'REQUEST_BODY_INVALID');
    expectProblem(await post(gateway, gate, { json: { decision: 'x'.repeat(65) } }), 400, 'REQUEST_BODY_INVALID');
  });

  it('that reaches for a prototype is refused', async () => {
    expectProblem(await raw(start, '{"input":{"__proto__":{"admin":true}}}'), 400, 'REQUEST_BODY_INVALID');
    expectProblem(await raw(definition, '{"_Proto__":{"automation_id":"a"}}'), 400, 'REQUEST_BODY_INVALID');
  });

  it('that is nested without end is refused', async () => {
    expectProblem(await raw(start, `{"input":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 400, 'REQUEST_BODY_INVALID');
    expectProblem(await raw(definition, '['.repeat(60_000), 'application/yaml'), 400, 'REQUEST_BODY_MALFORMED');
  });

  it('over 1 MiB is refused, also when its length is not announced', async () => {
    const large = JSON.stringify({ input: 'x'.repeat(1024 * 1024) });
    expectProblem(await raw(start, large), 413, 'REQUEST_TOO_LARGE');
    const chunked = await sendRaw(gateway, `POST ${start} HTTP/1.1\r\nhost: localhost:${gateway.port}\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`);
    expect(chunked).toContain('413');
    expect(chunked).toContain('REQUEST_TOO_LARGE');
  });

  it('of another media type is refused with what is read', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'nonsense', 'application/json; charset=utf-16']) {
      const answer = await raw(start, '{}', type);
      expectProblem(answer, 415, 'REQUEST_MEDIA_TYPE_UNSUPPORTED');
    }
    expectProblem(await raw(start, 'a: 1', 'application/yaml'), 415, 'REQUEST_MEDIA_TYPE_UNSUPPORTED');
    expectProblem(await send(gateway, start, { method: 'POST', body: '{}' }), 415, 'REQUEST_MEDIA_TYPE_UNSUPPORTED');
  });

  it('that is not UTF-8 is refused', async () => {
    expectProblem(await raw(start, Buffer.from([0x7b, 0xff, 0x7d])), 400, 'REQUEST_BODY_MALFORMED');
  });
});

describe('a malformed address', () => {
  it.each(['/automations/v2/a%20b', '/automations/v2/runs/..%2f..%2fetc', `/automations/v2/${'x'.repeat(129)}`, '/automations/v2/a.b', '/automations/v2/%F0%9F%92%A9'])('%s is not an id', async (target) => {
    const answer = await send(gateway, target);
    expectProblem(answer, 400, 'REQUEST_PATH_INVALID');
    expect(answer.body['problems']).toEqual([expect.objectContaining({ message: expect.stringContaining('letters, digits') })]);
  });

  it('with a broken escape is refused', async () => {
    expectProblem(await send(gateway, '/automations/v2/%zz'), 400, 'REQUEST_PATH_INVALID');
    expectProblem(await send(gateway, '/automations/v2/%'), 400, 'REQUEST_PATH_INVALID');
  });

  it('that is far too long is refused', async () => {
    expectProblem(await send(gateway, `/automations/v2/${'x'.repeat(2000)}`), 414, 'REQUEST_URI_TOO_LONG');
  });

  it.each(['/nowhere', '/automations/v2/', '/automations', '/', '/docs/assets/..%2fpackage.json', '/automations/v2//run_now', '//automations/v2'])('%s is no route', async (target) => {
    expectProblem(await send(gateway, target), 404, 'ROUTE_NOT_FOUND');
  });

  it('with another method is told which ones it takes', async () => {
    const answer = await send(gateway, '/automations/v2', { method: 'DELETE' });
    expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers['allow']).toBe('GET, POST');
    expectProblem(await send(gateway, start), 405, 'METHOD_NOT_ALLOWED');
    expectProblem(await send(gateway, '/healthz', { method: 'OPTIONS' }), 405, 'METHOD_NOT_ALLOWED');
  });
});

describe('a malformed query', () => {
  it.each([
    ['/automations/v2?colour=red', 'colour'], ['/automations/v2?limit=many', 'limit'], ['/automations/v2?limit=1&limit=2', 'limit'], ['/automations/v2?limit=1.5', 'limit'], ['/automations/v2?limit=', 'limit'],
    ['/automations/v2/runs?automation_id=a.b', 'automation_id'], ['/automations/v2/runs/r1?verbose=1', 'verbose'], ['/stateful-runtime/runs/r1?event_limit=many', 'event_limit'],
    ['/stateful-runtime/runs/r1/events?tail=maybe', 'tail'], ['/stateful-runtime/runs/r1/events?after_seq=-1', 'after_seq'],
    ['/automations/v2/events?types=run_completed,nonsense', 'types'], ['/automations/v2/events?after_position=x', 'after_position'], ['/automations/v2/events?run_id=a.%3E', 'run_id'],
    ['/automations/v2?__proto__=1', '__proto__'], ['/audit/ledger/manifest?deep=1', 'deep'],
  ])('%s names the parameter', async (target, name) => {
    const answer = await send(gateway, target);
    expectProblem(answer, 400, 'REQUEST_QUERY_INVALID');
    expect(answer.body['problems']).toEqual([expect.objectContaining({ path: name })]);
  });
});

describe('a malformed header', () => {
  it('is named', async () => {
    const key = await post(gateway, start, { json: {}, headers: { 'idempotency-key': 'two words' } });
    expectProblem(key, 400, 'REQUEST_HEADER_INVALID');
    expect(key.body['problems']).toEqual([expect.objectContaining({ path: 'Idempotency-Key' })]);
    expectProblem(await post(gateway, start, { json: {}, headers: { 'idempotency-key': 'x'.repeat(129) } }), 400, 'REQUEST_HEADER_INVALID');
    expectProblem(await send(gateway, '/automations/v2', { headers: { 'countersign-min-position': 'soon' } }), 400, 'REQUEST_HEADER_INVALID');
    expectProblem(await send(gateway, '/automations/v2/events', { headers: { 'last-event-id': 'abc' } }), 400, 'REQUEST_HEADER_INVALID');
  });

  it('that is to correlate is replaced, not refused and not reflected', async () => {
    const answer = await send(gateway, '/healthz', { headers: { 'x-correlation-id': '<script>' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a request that is not HTTP as it should be', () => {
  const problemIn = (answer: string): Record<string, unknown> => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;

  it.each([
    ['nonsense\r\n\r\n', 400, 'REQUEST_MALFORMED'],
    ['GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'REQUEST_MALFORMED'],
    ['POST /automations/v2 HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n{}', 400, 'REQUEST_MALFORMED'],
    ['POST /automations/v2 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}', 400, 'REQUEST_MALFORMED'],
    ['BREW /automations/v2 HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'REQUEST_MALFORMED'],
    [`GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'REQUEST_HEADERS_TOO_LARGE'],
    ['GET /healthz HTTP/1.1\r\nhost: x\r\nbad header: x\r\n\r\n', 400, 'REQUEST_MALFORMED'],
  ])('is answered with a problem (%#)', async (bytes, status, code) => {
    const answer = await sendRaw(gateway, bytes);
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expectNoInsides(answer);
    expect(answer).toContain('problem+json');
    expect(problemIn(answer)).toMatchObject({ code, status });
  });

  it('may expect what this server does not know', async () => {
    expect((await send(gateway, '/healthz', { headers: { expect: 'a miracle' } })).status).toBe(200);
  });

  it('with fewer bytes than announced is not waited for in vain when it hangs up', async () => {
    await sendRaw(gateway, `POST ${start} HTTP/1.1\r\nhost: localhost:${gateway.port}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n{}`);
    expect((await send(gateway, '/healthz')).status).toBe(200);
  });
});

describe('a request from someone unknown', () => {
  it('is refused before its body is read', async () => {
    const answer = await send(gateway, start, { method: 'POST', headers: { authorization: 'Bearer wrong', 'content-type': 'application/json' }, body: 'not json' });
    expectProblem(answer, 401, 'UNAUTHENTICATED');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="countersign"');
    expectProblem(await send(gateway, '/automations/v2', { headers: { 'x-forwarded-for': '127.0.0.1' } }), 401, 'UNAUTHENTICATED');
  });

  it('is refused when another page drives it, or another name leads to it', async () => {
    expectProblem(await post(gateway, start, { json: {}, headers: { origin: 'http://evil.example' } }), 403, 'REQUEST_ORIGIN_FORBIDDEN');
    expectProblem(await send(gateway, '/automations/v2', { headers: { host: `evil.example:${gateway.port}` } }), 403, 'REQUEST_ORIGIN_FORBIDDEN');
  });

  it('may read what is public', async () => {
    expect((await send(gateway, '/openapi.json', { headers: { 'x-forwarded-for': '203.0.113.7' } })).status).toBe(200);
  });
});

describe('the key file', () => {
  it('is read again when it changes, and an unusable one changes nothing', async () => {
    const status = async (key: string): Promise<number> => (await send(gateway, '/automations/v2?limit=x', { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await status(automation.key)).toBe(400);
    await keyFile.write(keyFileText([{ ...automation, key: 'another-secret-key' }]));
    await eventually('the new key is valid', async () => (await status('another-secret-key')) === 400);
    expect(await status(automation.key)).toBe(401);
    await keyFile.write('[{ half of');
    await eventually('the file was looked at', async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return (await status('another-secret-key')) === 400;
    });
    expect(await status('another-secret-key')).toBe(400);
  });
});
