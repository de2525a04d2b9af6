const redirectStatuses = new Set([301, 302, 303, 307, 308]);
/** All that goes along to another origin: any other header may be a credential. */
const harmless = new Set(['accept', 'accept-encoding', 'accept-language', 'content-type', 'user-agent']);

/** One hop, as it is sent. */
export interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const target = (location: string, from: URL): URL | undefined => {
  try {
    return new URL(location, from);
  } catch {
    return undefined;
  }
};

const keep = (headers: Readonly<Record<string, string>>, wanted: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => wanted(name.toLowerCase())));

/** RFC 9110, 15.4: 303 always asks for a GET, 301 and 302 do so after a POST. */
const becomesGet = ({ method }: Hop, status: number): boolean => (status === 303 ? method !== 'HEAD' : status <= 302 && method === 'POST');

/**
 * The request that a redirect asks for, `undefined` when the answer is no redirect that can be
 * followed. To another origin only headers that cannot be credentials go along.
 */
export const nextHop = (hop: Hop, status: number, location: string | undefined): Hop | undefined => {
  const url = redirectStatuses.has(status) && location !== undefined ? target(location, hop.url) : undefined;
  if (!url) return undefined;
  const bare = becomesGet(hop, status);
  const sameOrigin = url.origin === hop.url.origin;
  const headers = keep(hop.headers, (name) => (sameOrigin || harmless.has(name)) && !(bare && name.startsWith('content-')));
  if (bare) return { method: 'GET', url, headers };
  return { ...hop, url, headers };
};
