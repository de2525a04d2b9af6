import { jsonAnswer, type DoubledPlatform } from './doubled-platform.js';
import { DoubleServer } from './double-server.js';
import { escapeHtml, hiddenField } from './page-shell.js';
import { sendCallback } from './callback.js';

const counting = () => {
  const acted: Readonly<Record<string, string>>[] = [];
  let posts = 0;
  const platform: DoubledPlatform = {
    name: 'Counter', style: '',
    answer: ({ path }) => jsonAnswer(200, { path, posts: (posts += 1) }),
    page: () => ({ html: `<form method="post" action="/act">${hiddenField('press', '<"one">')}<button>${escapeHtml('<Press>')}</button></form>` }),
    act: (fields) => {
      acted.push(fields);
      return Promise.resolve('pressed <it>');
    },
  };
  return { platform, acted, posts: () => posts };
};

describe('the server of doubles', () => {
  let server: DoubleServer | undefined;
  const serve = async () => {
    const counter = counting();
    server = await new DoubleServer(counter.platform).start();
    return { ...counter, server, url: server.url };
  };
  afterEach(() => server?.close());

  it('records each call of the API, its body and its answer', async () => {
    const { server: double, url } = await serve();
    const response = await fetch(`${url}/api/post?x=1`, { method: 'POST', body: 'hello' });
    expect(await response.json()).toEqual({ path: '/api/post', posts: 1 });
    expect(double.callsTo('/api/post')).toMatchObject([{ method: 'POST', answer: { status: 200 } }]);
    expect(double.calls[0]?.body.toString()).toBe('hello');
    expect(await (await fetch(`${url}/control/calls`)).json()).toMatchObject([{ path: '/api/post', query: 'x=1', body: 'hello' }]);
  });

  it('fails as it is told: an answer, silence, a cut before acting, an answer lost after acting', async () => {
    const { server: double, url, posts } = await serve();
    const post = (timeoutMs = 5_000) => sendCallback({ url: `${url}/api/post`, headers: {}, body: '', timeoutMs });
    double.faults.add({ path: 'post', times: 1, fault: { kind: 'answer', answer: jsonAnswer(503, {}) } });
    expect(await post()).toMatchObject({ kind: 'answered', status: 503 });
    double.faults.add({ times: 1, fault: { kind: 'hang' } });
    // Long enough to arrive on a busy machine: one that does not would leave the silence to the next.
    expect(await post(1_000)).toEqual({ kind: 'late' });
    double.faults.add({ times: 1, fault: { kind: 'cut' } });
    expect(await post()).toEqual({ kind: 'unreachable' });
    expect(posts()).toBe(0);
    double.faults.add({ times: 1, fault: { kind: 'lost_answer' } });
    expect(await post()).toEqual({ kind: 'unreachable' });
    expect(posts()).toBe(1);
    expect(await post()).toMatchObject({ kind: 'answered', status: 200 });
    expect(double.calls.map(({ fault }) => fault)).toEqual(['answer', 'hang', 'cut', 'lost_answer', undefined]);
  });

  it('fails a share of the calls, the same ones for the same seed', async () => {
    const failing = async () => {
      const { platform } = counting();
      const double = await new DoubleServer(platform, { seed: 7 }).start();
      await fetch(`${double.url}/control/faults`, { method: 'POST', body: JSON.stringify({ share: 0.2, fault: { kind: 'answer', answer: jsonAnswer(500, {}) } }) });
      const statuses = [];
      for (let call = 0; call < 100; call += 1) statuses.push((await fetch(`${double.url}/api`)).status);
      await double.close();
      return statuses.join();
    };
    const first = await failing();
    expect(first.split(',').filter((status) => status === '500').length).toBeGreaterThan(10);
    expect(first.split(',').filter((status) => status === '500').length).toBeLessThan(35);
    expect(await failing()).toBe(first);
  });

  it('shows a page without script or network, and acts for this page only', async () => {
    const { url, acted } = await serve();
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain('&lt;Press&gt;');
    expect(html).not.toMatch(/<script|https?:/);
    const act = (headers: Record<string, string>) => fetch(`${url}/act`, { method: 'POST', body: 'press=a%26b', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } });
    expect((await act({ origin: 'http://elsewhere.example' })).status).toBe(403);
    expect((await act({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(acted).toEqual([]);
    expect((await act({ origin: url })).status).toBe(303);
    expect(acted).toEqual([{ press: 'a&b' }]);
    expect(await (await fetch(url)).text()).toContain('pressed &lt;it&gt;');
    expect(await (await fetch(url)).text()).not.toContain('pressed');
  });
});
