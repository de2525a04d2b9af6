import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import type { HttpStep } from '@cs/automation-application';
import { createOutboundHttp, type OutboundHttp } from '@cs/outbound-http';
import { OutboundHttpStepRunner } from './http-step-runner.adapter.js';

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const never = new AbortController().signal;

describe('the http step', () => {
  let http: OutboundHttp;
  let runner: OutboundHttpStepRunner;
  const closers: (() => Promise<unknown>)[] = [];
  beforeEach(() => {
    http = createOutboundHttp({ egressAllow: ['127.0.0.0/8'], maxResponseBytes: 64 * 1024 });
    runner = new OutboundHttpStepRunner(http);
    closers.push(() => http.close());
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  const serve = async (handler: RequestListener): Promise<string> => {
    const server = createServer(handler);
    closers.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return listen(server);
  };
  const json = (status: number, body: unknown, headers = {}) =>
    serve((_request, response) => response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(body)));
  const step = (rest: Partial<HttpStep> & { readonly url: string }): HttpStep => ({ node_id: 'call', method: 'POST', headers: {}, query: {}, timeout_ms: 5_000, secrets: [], ...rest });
  const run = (rest: Partial<HttpStep> & { readonly url: string }) => runner.run(step(rest), never);

  it('hands on status, headers without cookies, and the JSON body', async () => {
    const url = await json(201, { id: 'r-1', amount: 12.5 }, { 'set-cookie': 'session=1', 'X-Request-Id': 'q' });
    const outcome = await run({ url });
    expect(outcome).toMatchObject({ kind: 'succeeded', output: { status: 201, headers: { 'x-request-id': 'q' }, body: { id: 'r-1', amount: 12.5 } } });
    expect(JSON.stringify(outcome)).not.toContain('session');
  });

  it('sends query, headers, JSON body and the idempotency key, once', async () => {
    const url = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ url: request.url, raw: request.rawHeaders, body })));
    });
    const outcome = await run({
      url: `${url}/a?x=1`, query: { y: 'ä b' }, headers: { 'idempotency-key': 'mine', 'X-Mine': '1' }, body: { order: 1 }, idempotency: { header: 'Idempotency-Key', key: 'effect-1' },
    });
    const output = outcome.kind === 'succeeded' ? JSON.stringify(outcome.output) : '';
    expect(outcome).toMatchObject({ output: { body: { url: '/a?x=1&y=%C3%A4+b', body: '{"order":1}' } } });
    expect(output).toContain('effect-1');
    expect(output).not.toContain('"mine"');
  });

  it('reads the body as the step says, else by its media type', async () => {
    const text = await serve((_request, response) => response.writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' }).end(Buffer.from([0x7b, 0xe4, 0x7d])));
    const binary = await serve((_request, response) => response.end(Buffer.from([0xff, 0xfe, 0x00])));
    const empty = await serve((_request, response) => response.writeHead(204).end());
    const wrong = await serve((_request, response) => response.writeHead(200, { 'content-type': 'application/problem+json' }).end('<html>'));
    expect(await run({ url: text })).toMatchObject({ output: { body: '{ä}' } });
    expect(await run({ url: binary })).toMatchObject({ output: { body: '//4A' } });
    expect(await run({ url: empty })).toMatchObject({ output: { status: 204, body: null } });
    expect(await run({ url: wrong })).toMatchObject({ kind: 'failed', failure: { kind: 'response_malformed' }, effect: 'unknown', retryable: false });
    expect(await run({ url: wrong, response: 'text' })).toMatchObject({ output: { body: '<html>' } });
    expect(await run({ url: text, response: 'json' })).toMatchObject({ kind: 'failed', failure: { kind: 'response_malformed' } });
  });

  it.each([[400, false], [401, false], [404, false], [409, false], [422, false], [408, true], [425, true], [429, true], [500, true], [503, true], [302, false]])(
    'fails with unexpected_status on %i, retryable: %s',
    async (status, retryable) => {
      const url = await json(status, { error: 'the reason' });
      expect(await run({ url })).toMatchObject({ kind: 'failed', failure: { kind: 'unexpected_status', message: expect.stringContaining('the reason') }, effect: 'answered', retryable });
    },
  );

  it('takes the statuses that the step expects, and no others', async () => {
    const url = await json(404, {});
    expect(await run({ url, expect_status: [200, 404] })).toMatchObject({ kind: 'succeeded', output: { status: 404 } });
    expect(await run({ url: await json(200, {}), expect_status: [201] })).toMatchObject({ kind: 'failed', failure: { kind: 'unexpected_status' } });
  });

  it('hands on how long the peer asks to wait, at most an hour', async () => {
    expect(await run({ url: await json(429, {}, { 'retry-after': '7' }) })).toMatchObject({ retry_after_ms: 7_000 });
    expect(await run({ url: await json(503, {}, { 'retry-after': '999999' }) })).toMatchObject({ retry_after_ms: 3_600_000 });
    expect(await run({ url: await json(503, {}, { 'retry-after': 'soon' }) })).not.toHaveProperty('retry_after_ms');
    expect(await run({ url: await json(400, {}, { 'retry-after': '7' }) })).not.toHaveProperty('retry_after_ms');
  });

  it('knows what was not sent', async () => {
    const server = createTcpServer();
    const closed = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await run({ url: closed })).toMatchObject({ kind: 'failed', failure: { kind: 'connection_failed' }, effect: 'not_sent', retryable: true });
    expect(await run({ url: 'http://10.0.0.1/' })).toMatchObject({ kind: 'failed', failure: { kind: 'egress_denied' }, effect: 'not_sent', retryable: false });
    expect(await run({ url: 'nonsense', query: { a: 'b' } })).toMatchObject({ kind: 'failed', failure: { kind: 'request_invalid' }, effect: 'not_sent', retryable: false });
  });

  it('knows what it cannot know', async () => {
    const url = await serve((request) => {
      if (request.url === '/reset') request.socket.destroy();
    });
    expect(await run({ url: `${url}/hang`, timeout_ms: 1_000 })).toMatchObject({ kind: 'failed', failure: { kind: 'timeout' }, effect: 'unknown', retryable: true });
    expect(await run({ url: `${url}/reset` })).toMatchObject({ kind: 'failed', failure: { kind: 'connection_failed' }, effect: 'unknown', retryable: true });
  });

  it('refuses a body over the limit', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(200_000, 'x')));
    expect(await run({ url })).toMatchObject({ kind: 'failed', failure: { kind: 'response_too_large' }, effect: 'unknown', retryable: false });
  });

  it('says nothing when it is aborted', async () => {
    const abort = new AbortController();
    const url = await serve(() => abort.abort());
    expect(await runner.run(step({ url }), abort.signal)).toEqual({ kind: 'aborted' });
  });

  it('follows redirects of reads only, and none to where it may not go', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/there') response.writeHead(200, { 'content-type': 'application/json' }).end('1');
      else response.writeHead(307, { location: request.url === '/private' ? 'http://169.254.169.254/' : '/there' }).end();
    });
    expect(await run({ url, method: 'GET' })).toMatchObject({ kind: 'succeeded', output: { body: 1 } });
    expect(await run({ url })).toMatchObject({ kind: 'failed', failure: { kind: 'unexpected_status' } });
    expect(await run({ url: `${url}/private`, method: 'GET' })).toMatchObject({ kind: 'failed', failure: { kind: 'egress_denied' }, retryable: false });
  });

  it('lets no secret through, in any spelling', async () => {
    const secrets = ['s3cr3t"/value', '4711471', 'abc', 's3cr3t"/value-longer'];
    const echo = { plain: `x ${secrets[0]} y`, ['s3cr3t"/value']: 1, pin: 4711471, encoded: encodeURIComponent(secrets[0] ?? ''), nested: [{ text: JSON.stringify(secrets[0]) }], longer: secrets[3], short: 'abc' };
    const url = await json(200, echo, { 'x-echo': `Bearer ${secrets[1]}` });
    const outcome = JSON.stringify(await run({ url, secrets }));
    expect(outcome).not.toMatch(/s3cr3t|4711471|-longer/);
    expect(outcome).toContain('"short":"abc"');
    expect(outcome).toContain('Bearer [redacted]');
    const failure = JSON.stringify(await run({ url: await json(400, echo), secrets }));
    expect(failure).toContain('[redacted]');
    expect(failure).not.toMatch(/s3cr3t|4711471/);
  });

  it('keeps a member called __proto__ a member', async () => {
    const url = await serve((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"__proto__":{"admin":true}}'));
    const outcome = await run({ url, secrets: ['a secret'] });
    const body = outcome.kind === 'succeeded' ? (outcome.output as { body: { admin?: boolean } }).body : {};
    expect(body.admin).toBeUndefined();
    expect(JSON.stringify(body)).toBe('{"__proto__":{"admin":true}}');
  });
});
