import { nextHop, type Hop } from './redirect.js';

const hop: Hop = {
  method: 'POST', url: new URL('https://a.example/start'), body: '{}',
  headers: { authorization: 'Bearer x', 'x-api-key': 'k', cookie: 'c', accept: '*/*', 'content-type': 'application/json' },
};

describe('following a redirect', () => {
  it('keeps every header within the origin', () => {
    expect(nextHop(hop, 307, '/next')).toMatchObject({ method: 'POST', body: '{}', headers: hop.headers, url: new URL('https://a.example/next') });
  });

  it.each(['https://b.example/', 'http://a.example/', 'https://a.example:8443/'])('sends no credential to the other origin %s', (location) => {
    expect(nextHop(hop, 307, location)?.headers).toEqual({ accept: '*/*', 'content-type': 'application/json' });
  });

  it.each([301, 302, 303])('turns a POST that is answered %i into a GET without a body', (status) => {
    const next = nextHop(hop, status, '/next');
    expect(next?.method).toBe('GET');
    expect(next?.body).toBeUndefined();
    expect(next?.headers).not.toHaveProperty('content-type');
  });

  it('keeps HEAD a HEAD, and does not follow what is no redirect', () => {
    expect(nextHop({ ...hop, method: 'HEAD' }, 303, '/next')?.method).toBe('HEAD');
    expect(nextHop(hop, 304, '/next')).toBeUndefined();
    expect(nextHop(hop, 302, undefined)).toBeUndefined();
    expect(nextHop(hop, 302, 'http://[')).toBeUndefined();
  });
});
