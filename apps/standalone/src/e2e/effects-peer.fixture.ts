import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What one request asked for. */
export interface Sent {
  /** `/{behaviour}/{run}/{step}`; behaviours: `do` and `slow` do it, `flaky` refuses the first request of each effect, `once` promises nothing, `broken` refuses while `isBroken`, `hang` does it and keeps still while `isHanging`. */
  readonly path: string;
  /** Idempotency key; empty when there was none. */
  readonly key: string;
}

/** The outside world of a test: does an effect once for each key, and remembers every request. */
export class EffectsPeer {
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));
  readonly sent: Sent[] = [];
  /** When each request came and when it was answered, in Unix ms. */
  readonly spans: { readonly path: string; readonly fromMs: number; readonly toMs: number }[] = [];
  readonly #done = new Map<string, number>();
  readonly #known = new Set<string>();
  readonly #refused = new Set<string>();
  #count = 0;
  isBroken = false;
  isHanging = false;

  static async start(): Promise<EffectsPeer> {
    const peer = new EffectsPeer();
    await once(peer.#server.listen(0, '127.0.0.1'), 'listening');
    return peer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How often each effect was done, by path. */
  get done(): ReadonlyMap<string, number> {
    return this.#done;
  }

  /** Different keys that came for one path: more than one means that an effect was taken for another one. */
  keysOf(path: string): ReadonlySet<string> {
    return new Set(this.sent.filter((sent) => sent.path === path).map(({ key }) => key));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const key = String(request.headers['idempotency-key'] ?? '');
    request.resume();
    await once(request, 'end');
    const fromMs = Date.now();
    this.sent.push({ path, key });
    const status = this.isBroken && path.startsWith('/broken') ? 422 : this.#do(path, key);
    while (this.isHanging && path.startsWith('/hang') && !response.destroyed) await delay(10);
    // Not all at one speed: kills should catch requests that are under way.
    this.#count += 1;
    await delay(path.startsWith('/slow') ? 40 + (this.#count % 7) * 40 : 2);
    this.spans.push({ path, fromMs, toMs: Date.now() });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ path }));
  }

  #do(path: string, key: string): number {
    const effect = `${path} ${key}`;
    if (path.startsWith('/flaky') && !this.#refused.has(effect)) {
      this.#refused.add(effect);
      return 503;
    }
    if (key !== '' && this.#known.has(effect)) return 200;
    this.#known.add(effect);
    this.#done.set(path, (this.#done.get(path) ?? 0) + 1);
    return 200;
  }
}
