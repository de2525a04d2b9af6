import { InMemorySpans, openSpan, useSpanSource } from '@cs/telemetry';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createOutboundHttp, type OutboundHttp, type OutboundHttpOptions } from './outbound-http.js';

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

describe('outbound HTTP', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const serve = async (handler: RequestListener): Promise<string> => {
    const server = createServer(handler);
    const port = await listen(server);
    closers.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${port}`;
  };
  const client = (options: Partial<OutboundHttpOptions> = {}): OutboundHttp => {
    const http = createOutboundHttp({ egressAllow: ['127.0.0.0/8'], ...options });
    closers.push(() => http.close());
    return http;
  };
  const get = { method: 'GET', timeoutMs: 5_000 };

  it('answers with status, lower-case headers and the body', async () => {
    const seen: IncomingMessage[] = [];
    const url = await serve((request, response) => {
      seen.push(request);
      response.writeHead(201, { 'X-Thing': 'yes', 'Content-Type': 'application/json' }).end('{"ok":true}');
    });
    const result = await client({ userAgent: 'Test/1' }).request({ ...get, method: 'POST', url: `${url}/a?b=c`, headers: { 'X-Mine': '1' }, body: '{}' });
    expect(result).toMatchObject({ kind: 'answered', status: 201, complete: true, headers: { 'x-thing': 'yes' } });
    expect(result.kind === 'answered' && result.body.toString()).toBe('{"ok":true}');
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/a?b=c', headers: { 'x-mine': '1', 'user-agent': 'Test/1', 'accept-encoding': 'identity', 'content-length': '2' } });
  });

  it.each(['http://127.0.0.1:1/', 'http://[::1]:1/', 'http://[::ffff:10.0.0.1]/', 'http://0x7f.1/', 'http://2130706433/', 'http://169.254.169.254/latest/meta-data', 'http://localhost:1/'])(
    'does not connect to %s when nothing is allowed',
    async (url) => {
      expect(await client({ egressAllow: [] }).request({ ...get, url })).toMatchObject({ kind: 'not_sent', reason: 'egress_denied' });
    },
  );

  it('refuses a name that resolves to a private address, and connects only to the address it judged', async () => {
    let reached = 0;
    const url = await serve((_request, response) => {
      reached += 1;
      response.end();
    });
    const answers = [['10.0.0.1'], ['127.0.0.1']];
    const resolve = (_host: string, callback: (error: null, addresses: { address: string; family: number }[]) => void): void =>
      callback(null, (answers.shift() ?? []).map((address) => ({ address, family: 4 })));
    const http = client({ egressAllow: [], resolve });
    const rebinding = `http://rebinding.example:${new URL(url).port}/`;
    for (const round of [1, 2]) {
      expect({ round, ...(await http.request({ ...get, url: rebinding })) }).toMatchObject({ round, kind: 'not_sent', reason: 'egress_denied' });
    }
    expect(reached).toBe(0);
  });

  it('reaches a private address through a host that the list names', async () => {
    const url = await serve((_request, response) => response.end('in'));
    const http = client({ egressAllow: ['payments.internal'], resolve: (_host, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]) });
    expect(await http.request({ ...get, url: `http://payments.internal:${new URL(url).port}/` })).toMatchObject({ kind: 'answered', status: 200 });
  });

  it.each(['ftp://example.com/', 'file:///etc/passwd', 'http://user:secret@example.com/', 'not a url'])('cannot request %s, and says so without repeating it', async (url) => {
    const result = await client().request({ ...get, url });
    expect(result).toMatchObject({ kind: 'not_sent', reason: 'request_invalid' });
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('reports a header that cannot be written as not sent', async () => {
    const url = await serve((_request, response) => response.end());
    expect(await client().request({ ...get, url, headers: { 'x-a': 'line\r\nbreak' } })).toMatchObject({ kind: 'not_sent', reason: 'request_invalid' });
  });

  it('reports a refused connection and an unknown host as not sent', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const http = client({ resolve: (_host, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []) });
    expect(await http.request({ ...get, url: `http://127.0.0.1:${port}/` })).toMatchObject({ kind: 'not_sent', reason: 'connection_failed', message: expect.stringContaining('ECONNREFUSED') });
    expect(await http.request({ ...get, url: 'http://nowhere.example/' })).toMatchObject({ kind: 'not_sent', reason: 'connection_failed', message: expect.stringContaining('ENOTFOUND') });
  });

  it('reports TLS to a server that does not speak it as not sent', async () => {
    const url = await serve((_request, response) => response.end());
    expect(await client().request({ ...get, method: 'POST', body: 'x', url: url.replace('http:', 'https:') })).toMatchObject({ kind: 'not_sent', reason: 'connection_failed' });
  });

  it('knows nothing when the peer hangs, resets or stops in the middle of its answer', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/reset') request.socket.destroy();
      if (request.url === '/half') response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
    });
    const http = client();
    const post = { method: 'POST', body: '{}', timeoutMs: 5_000 };
    expect(await http.request({ ...post, url: `${url}/hang`, timeoutMs: 1_000 })).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    expect(await http.request({ ...post, url: `${url}/reset` })).toMatchObject({ kind: 'unknown', reason: 'connection_failed' });
    expect(await http.request({ ...post, url: `${url}/half` })).toMatchObject({ kind: 'unknown', reason: 'connection_failed' });
  });

  it('does not send a request that was stopped while it waited for a connection', async () => {
    const seen: string[] = [];
    const url = await serve((request, response) => {
      seen.push(request.url ?? '');
      if (request.url !== '/first') response.end();
    });
    const http = client({ maxSocketsPerOrigin: 1 });
    const first = http.request({ ...get, url: `${url}/first`, timeoutMs: 1_500 });
    expect(await http.request({ ...get, method: 'POST', url: `${url}/second`, timeoutMs: 50 })).toMatchObject({ kind: 'not_sent', reason: 'timeout' });
    expect(await first).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    expect(await http.request({ ...get, url: `${url}/third` })).toMatchObject({ kind: 'answered' });
    expect(seen).toEqual(['/first', '/third']);
  });

  it('stops at once when the signal aborts', async () => {
    const abort = new AbortController();
    const url = await serve(() => abort.abort());
    expect(await client().request({ ...get, url, signal: abort.signal })).toMatchObject({ kind: 'unknown', reason: 'aborted' });
    expect(await client().request({ ...get, url, signal: abort.signal })).toMatchObject({ kind: 'not_sent', reason: 'aborted' });
  });

  it('cuts a body that is longer than the limit', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(300_000, 'x')));
    const result = await client({ maxResponseBytes: 1_000 }).request({ ...get, url });
    expect(result).toMatchObject({ kind: 'answered', status: 200, complete: false });
    expect(result.kind === 'answered' && result.body.length).toBe(1_000);
  });

  it('follows redirects only as far as it was told, and judges every target', async () => {
    const other = await serve((request, response) => response.end(JSON.stringify(request.headers)));
    const url = await serve((request, response) => {
      const location = { '/other': other, '/private': 'http://10.0.0.1/', '/scheme': 'ftp://a.example/' }[request.url ?? ''] ?? '/loop';
      response.writeHead(302, { location }).end();
    });
    const http = client();
    const follow = { ...get, maxRedirects: 3, headers: { authorization: 'Bearer x' } };
    expect(await http.request({ ...get, url: `${url}/other` })).toMatchObject({ kind: 'answered', status: 302 });
    expect(await http.request({ ...follow, url: `${url}/private` })).toMatchObject({ kind: 'unknown', reason: 'egress_denied' });
    expect(await http.request({ ...follow, url: `${url}/scheme` })).toMatchObject({ kind: 'unknown', reason: 'response_malformed' });
    expect(await http.request({ ...follow, url: `${url}/loop` })).toMatchObject({ kind: 'answered', status: 302 });
    const followed = await http.request({ ...follow, url: `${url}/other` });
    expect(followed).toMatchObject({ kind: 'answered', status: 200 });
    expect(followed.kind === 'answered' && followed.body.toString()).not.toContain('Bearer');
  });

  it('reports an answer that is not HTTP as unknown', async () => {
    const server = createTcpServer((socket) => socket.resume().end('SSH-2.0-OpenSSH\r\n'));
    const port = await listen(server);
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    expect(await client().request({ ...get, url: `http://127.0.0.1:${port}/` })).toMatchObject({ kind: 'unknown', reason: 'response_malformed' });
  });

  it('uses a connection again', async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end());
    server.on('connection', () => (connections += 1));
    const port = await listen(server);
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const http = client();
    for (let round = 0; round < 20; round += 1) await http.request({ ...get, url: `http://127.0.0.1:${port}/` });
    expect(connections).toBeLessThanOrEqual(2);
    await http.close();
  });

  describe('within something that is traced', () => {
    let spans: InMemorySpans;
    beforeEach(() => {
      spans = new InMemorySpans();
      useSpanSource(spans);
    });
    afterEach(() => useSpanSource(undefined));

    const sent: IncomingMessage[] = [];
    const peer = (status = 200): Promise<string> => serve((request, response) => {
      sent.push(request);
      response.writeHead(status).end();
    });
    beforeEach(() => void sent.splice(0));
    const within = <Value>(task: () => Promise<Value>): Promise<Value> => openSpan({ name: 'step', kind: 'consumer', attributes: { 'countersign.org_id': 'acme' } }).run(task);

    it('is a span of its own, which the peer is told of only where the caller wants it', async () => {
      const url = await peer();
      const propagate = { attributes: { 'countersign.node_id': 'pay' } };
      await within(() => client().request({ ...get, method: 'POST', url: `${url}/secret?q=secret`, headers: { authorization: 'secret' }, body: 'secret', propagate }));
      await within(() => client().request({ ...get, url }));
      const [outer, told] = spans.all;
      expect(told).toMatchObject({ name: 'POST', kind: 'client', parent: outer?.context, attributes: { 'http.request.method': 'POST', 'http.response.status_code': 200, 'countersign.node_id': 'pay', 'countersign.org_id': 'acme' }, hasEnded: true });
      expect(sent.map(({ headers }) => headers['traceparent'])).toEqual([`00-${told?.context.traceId}-${told?.context.spanId}-01`, undefined]);
      expect(JSON.stringify(spans.all)).not.toMatch(/secret|127\.0\.0\.1/);
    });

    it('leaves a traceparent of the caller as it is', async () => {
      await within(async () => client().request({ ...get, url: await peer(), headers: { TraceParent: 'mine' }, propagate: { attributes: {} } }));
      expect(sent[0]?.headers['traceparent']).toBe('mine');
    });

    it('says by a code what became of a request that went wrong', async () => {
      await within(async () => client().request({ ...get, url: await peer(503) }));
      await within(() => client({ egressAllow: [] }).request({ ...get, url: 'http://127.0.0.1:1/' }));
      expect(spans.all.filter(({ kind }) => kind === 'client').map(({ error }) => error)).toEqual(['503', 'egress_denied']);
    });

    it('tells a peer nothing while nothing is under way', async () => {
      await client().request({ ...get, url: await peer(), propagate: { attributes: {} } });
      expect([sent[0]?.headers['traceparent'], spans.all.length]).toEqual([undefined, 0]);
    });
  });
});
