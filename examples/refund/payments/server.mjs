// @ts-check
import { createServer } from 'node:http';
import { parseFault } from './bodies.mjs';
import { totalOf } from './ledger.mjs';
import { Problem } from './problem.mjs';

/**
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('./problem.mjs').Answer} Answer
 * @typedef {{ request: Request, url: URL, payments: import('./payments.mjs').Payments, parameter: string }} Call `parameter`: what the path's group matched
 * @typedef {(call: Call) => Promise<Answer | undefined> | Answer} Handler
 */

/** Calls under way at a stop get this long to be answered. */
const STOP_AFTER_MS = 5000;
const MAX_BODY_BYTES = 16 * 1024;
/** A body above the limit is still read this far, so that the caller gets to see the refusal. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/** @type {readonly (readonly [RegExp, Readonly<Record<string, Handler>>])[]} */
const routes = [
  [/^\/orders\/([^/]+)$/, { GET: ({ payments, parameter, request }) => payments.lookUp(parameter, request.socket) }],
  [/^\/refunds$/, { POST: async ({ payments, request }) => payments.refund(await readCall(request)) }],
  [/^\/notifications$/, {
    GET: ({ payments }) => ok({ notifications: payments.ledger.notifications().map(shown), count: payments.ledger.notifications().length }),
    POST: async ({ payments, request }) => payments.notify(await readCall(request)),
  }],
  [/^\/ledger$/, { GET: ({ payments, url }) => showLedger(payments.ledger, url.searchParams) }],
  [/^\/faults$/, {
    GET: ({ payments }) => ok(payments.faults.list()),
    POST: async ({ payments, request }) => ({ status: 201, body: payments.faults.add(parseFault(await readJson(request))) }),
    DELETE: ({ payments }) => {
      payments.faults.clear();
      return ok({ ok: true });
    },
  }],
  [/^\/healthz$/, { GET: ({ payments }) => (payments.ledger.failure ? { status: 503, body: { status: 'failed', detail: payments.ledger.failure.message } } : ok({ status: 'ok' })) }],
];

/** @param {Promise<import('./payments.mjs').Payments>} opening calls that arrive before the ledger is open wait for it */
export const createPaymentsServer = (opening) => {
  opening.catch(() => undefined); // whoever opens it reports the failure; here it only leaves calls unanswered
  let underWay = 0;
  const server = createServer((request, response) => {
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
      closeWhenQuiet();
    });
    void opening.then((payments) => answer(request, payments), () => undefined).then((result) => {
      if (!result) response.destroy();
      if (!result || response.destroyed) return;
      // After close() a kept-alive connection would otherwise hold the process until it idles out.
      const closing = server.listening ? {} : { connection: 'close' };
      response.writeHead(result.status, { 'content-type': 'application/json', ...result.headers, ...closing });
      response.end(`${JSON.stringify(result.body)}\n`);
    });
  });
  // close() waits for connections on which nothing was ever asked, which clients open ahead of time.
  const closeWhenQuiet = () => {
    if (!server.listening && underWay === 0) server.closeAllConnections();
  };
  const stop = () => new Promise((resolve) => {
    server.close(resolve);
    closeWhenQuiet();
    setTimeout(() => server.closeAllConnections(), STOP_AFTER_MS).unref();
  });
  return { server, stop };
};

/**
 * @param {Request} request
 * @param {import('./payments.mjs').Payments} payments
 * @returns {Promise<Answer | undefined>}
 */
const answer = async (request, payments) => {
  try {
    return await route(request, payments);
  } catch (error) {
    if (error instanceof Problem) return error.toAnswer();
    if (request.errored) return undefined; // the caller left while it was still sending
    console.error(error);
    return new Problem(500, 'internal', { detail: 'The service failed; its log says why.' }).toAnswer();
  }
};

/**
 * @param {Request} request
 * @param {import('./payments.mjs').Payments} payments
 */
const route = async (request, payments) => {
  const url = parseUrl(request.url ?? '/');
  for (const [pattern, methods] of routes) {
    const match = pattern.exec(url.pathname);
    if (!match) continue;
    const method = request.method ?? 'GET';
    if (!Object.hasOwn(methods, method)) {
      const allow = Object.keys(methods).join(', ');
      throw new Problem(405, 'method_not_allowed', { detail: `${url.pathname} answers ${allow}.`, headers: { allow } });
    }
    return methods[method]?.({ request, url, payments, parameter: decode(match[1] ?? '') });
  }
  throw new Problem(404, 'route_not_found', { detail: `There is nothing at ${url.pathname}.` });
};

/** @param {string} target */
const parseUrl = (target) => {
  if (!URL.canParse(target, 'http://payments')) throw new Problem(400, 'url_invalid', { detail: 'The request target is not a URL.' });
  return new URL(target, 'http://payments');
};

/** @param {string} segment */
const decode = (segment) => {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new Problem(400, 'url_invalid', { detail: `${segment} is not a valid part of a path: ${String(cause)}` });
  }
};

/** @param {Request} request */
const readCall = async (request) => ({ body: await readJson(request), key: request.headers['idempotency-key'], socket: request.socket });

/**
 * @param {Request} request
 * @returns {Promise<unknown>}
 */
const readJson = async (request) => {
  // Browsers send other types across origins without asking first; insisting keeps web pages from moving money on this machine.
  if (!/^application\/([a-z.-]+\+)?json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem(415, 'body_not_json', { detail: 'Send the body as Content-Type: application/json.' });
  }
  const text = await readText(request);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Problem(400, 'body_not_json', { detail: `The body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, errors: [{ pointer: '', detail: 'expected JSON' }] });
  }
};

/** @param {Request} request */
const readText = async (request) => {
  /** @type {Buffer[]} */
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    if (size > MAX_DISCARDED_BYTES) break;
  }
  if (size > MAX_BODY_BYTES) {
    throw new Problem(413, 'body_too_large', { detail: `The body may have ${MAX_BODY_BYTES} bytes.`, headers: { connection: 'close' } });
  }
  return Buffer.concat(chunks).toString('utf8');
};

/**
 * @param {import('./ledger.mjs').Ledger} ledger
 * @param {URLSearchParams} query `order_id`: only this order's; `limit`: only the newest entries, while count and total stay those of all
 */
const showLedger = (ledger, query) => {
  const refunds = ledger.refunds(query.get('order_id') ?? undefined);
  const limit = query.get('limit');
  if (limit !== null && !/^[0-9]{1,9}$/.test(limit)) {
    throw new Problem(400, 'query_invalid', { detail: `limit must be a whole number of entries, not "${limit}".` });
  }
  const newest = limit === null ? refunds : refunds.slice(Math.max(0, refunds.length - Number(limit)));
  return ok({ entries: newest.map(shown), count: refunds.length, total: totalOf(refunds) });
};

/**
 * @template {import('./ledger.mjs').Entry} E
 * @param {E} entry
 */
const shown = ({ idempotency, ...entry }) => ({ ...entry, ...(idempotency ? { idempotency_key: idempotency.key } : {}) });

/**
 * @param {unknown} body
 * @returns {Answer}
 */
const ok = (body) => ({ status: 200, body });
