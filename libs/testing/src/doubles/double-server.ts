import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jsonAnswer, type DoubleAnswer, type DoubledPlatform, type DoubleRequest } from './doubled-platform.js';
import { FaultPlan, type Fault, type FaultRule } from './fault-plan.js';
import { pageShell } from './page-shell.js';

/** One call of the platform's API, as it came and as it went. */
export interface RecordedCall extends DoubleRequest {
  readonly at_ms: number;
  readonly answer?: DoubleAnswer;
  readonly fault?: Fault['kind'];
}

export interface DoubleServerOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** Seeds which calls fail, where only a share does. Default 1. */
  readonly seed?: number;
  /** Calls that are kept; the oldest go first. Default 10,000. */
  readonly keptCalls?: number;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

const maxBodyBytes = 4 * 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const readRequest = async (request: IncomingMessage): Promise<DoubleRequest> => {
  const url = new URL(request.url ?? '/', 'http://double');
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  return { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, headers, body: await readBody(request) };
};

const write = (response: ServerResponse, { status, headers = {}, body }: DoubleAnswer): void => {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body);
};

const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
const quietRefreshS = 10;
const busyRefreshS = 2;
const busyMs = 10_000;
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** Acting for a person is for this machine, and not for pages of other sites that a browser on it shows. */
const isForeign = ({ headers }: DoubleRequest): boolean =>
  !loopback.test(headers['host'] ?? '') || !['same-origin', 'none', undefined].includes(headers['sec-fetch-site']) || (headers['origin'] !== undefined && headers['origin'] !== `http://${headers['host']}`);

/**
 * Serves a double on 127.0.0.1: the platform's API with its calls recorded and its faults, a page (`/`) whose
 * forms act as a person does (`POST /act`), and control (`/control/calls`, `/control/faults`) for tests in other processes.
 */
export class DoubleServer<Platform extends DoubledPlatform = DoubledPlatform> {
  readonly calls: RecordedCall[] = [];
  readonly faults: FaultPlan;
  readonly #options: DoubleServerOptions;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #told: string | undefined;
  #actedAt = 0;

  constructor(readonly platform: Platform, options: DoubleServerOptions = {}) {
    this.#options = options;
    this.faults = new FaultPlan(options.seed);
  }

  /** Starts listening; answers itself. */
  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port ?? 0, '127.0.0.1', resolve);
    });
    return this;
  }

  /** Without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Calls whose path holds the text. */
  callsTo(path: string): readonly RecordedCall[] {
    return this.calls.filter((call) => call.path.includes(path));
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const request = await readRequest(incoming);
      const own = await this.#own(request);
      if (own) write(response, own);
      else await this.#answer(request, response);
    } catch (error) {
      if (!response.headersSent) write(response, jsonAnswer(500, { error: error instanceof Error ? error.message : 'failed' }));
    }
  }

  /** The page and the control of the double itself. */
  async #own(request: DoubleRequest): Promise<DoubleAnswer | undefined> {
    if (request.method === 'GET' && request.path === '/') return this.#page();
    if (request.path !== '/act' && !request.path.startsWith('/control/')) return undefined;
    if (isForeign(request)) return jsonAnswer(403, { error: 'only from this machine and this page' });
    if (request.path === '/act' && request.method === 'POST') return this.#act(request);
    return this.#control(request);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #page(): DoubleAnswer {
    const { name: title, style } = this.platform;
    const told = this.#told;
    this.#told = undefined;
    const { html, isBusy = false } = this.platform.page();
    const body = pageShell({ title, style, content: html, told, refreshS: isBusy ? undefined : this.#now() - this.#actedAt < busyMs ? busyRefreshS : quietRefreshS });
    return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy, 'cache-control': 'no-store' }, body };
  }

  async #act({ body }: DoubleRequest): Promise<DoubleAnswer> {
    this.#actedAt = this.#now();
    this.#told = await this.platform.act(Object.fromEntries(new URLSearchParams(body.toString('utf8'))));
    return { status: 303, headers: { location: '/' }, body: '' };
  }

  #control({ method, path, body }: DoubleRequest): DoubleAnswer {
    switch (`${method} ${path}`) {
      case 'GET /control/calls': return jsonAnswer(200, this.calls.map((call) => ({ ...call, query: call.query.toString(), body: call.body.toString('utf8') })));
      case 'POST /control/faults': {
        this.faults.add(JSON.parse(body.toString('utf8')) as FaultRule);
        return jsonAnswer(200, { ok: true });
      }
      case 'DELETE /control/faults': {
        this.faults.clear();
        return jsonAnswer(200, { ok: true });
      }
      default: return jsonAnswer(404, { error: 'no such control' });
    }
  }

  async #answer(request: DoubleRequest, response: ServerResponse): Promise<void> {
    const fault = this.faults.pick(request.path);
    const answer = await this.#outcome(request, fault);
    this.#record(request, answer, fault);
    if (fault?.kind === 'cut' || fault?.kind === 'lost_answer') return void response.destroy();
    if (answer === undefined) return;
    if (fault?.kind === 'slow') setTimeout(() => write(response, answer), fault.delay_ms).unref();
    else write(response, answer);
  }

  #outcome(request: DoubleRequest, fault: Fault | undefined): Promise<DoubleAnswer> | DoubleAnswer | undefined {
    if (fault?.kind === 'answer') return fault.answer;
    return fault?.kind === 'hang' || fault?.kind === 'cut' ? undefined : this.platform.answer(request);
  }

  #record(request: DoubleRequest, answer: DoubleAnswer | undefined, fault: Fault | undefined): void {
    const { keptCalls = 10_000 } = this.#options;
    this.calls.push({ ...request, at_ms: this.#now(), ...(answer === undefined ? {} : { answer }), ...(fault === undefined ? {} : { fault: fault.kind }) });
    if (this.calls.length > keptCalls) this.calls.splice(0, this.calls.length - keptCalls);
  }
}
