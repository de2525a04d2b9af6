// A small, fast client: keep-alive connections for calls, one event stream for what ended.
import { Pool } from 'undici';

export class BenchApi {
  #pool;
  #waiting = new Map();
  #early = new Map();
  #stream = new AbortController();

  constructor(url, connections) {
    this.url = url;
    this.#pool = new Pool(url, { connections, pipelining: 1 });
  }

  async call(method, path, body) {
    const { statusCode, headers, body: answer } = await this.#pool.request({ method, path, headers: body === undefined ? {} : { 'content-type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${text.slice(0, 300)}`);
    return { value: JSON.parse(text), headers, size: text.length };
  }

  /** Listens for events of these types; `ended(runId)` resolves with the event's type. */
  async listen(types) {
    const response = await fetch(`${this.url}/automations/v2/events?types=${types.join(',')}`, { signal: this.#stream.signal });
    if (!response.ok) throw new Error(`event stream: ${response.status} ${await response.text()}`);
    this.#read(response.body).catch((error) => {
      if (!this.#stream.signal.aborted) for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  async #read(body) {
    let text = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      let end;
      while ((end = text.indexOf('\n\n')) >= 0) {
        const frame = text.slice(0, end);
        text = text.slice(end + 2);
        const id = /"aggregate_id":"([^"]+)"/.exec(frame)?.[1];
        const type = /^event: ?(.+)$/m.exec(frame)?.[1];
        if (id && type) this.#settle(id, type);
      }
    }
  }

  #settle(id, type) {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiter) waiter.resolve(type);
    else this.#early.set(id, type);
  }

  next(runId) {
    const early = this.#early.get(runId);
    this.#early.delete(runId);
    if (early) return Promise.resolve(early);
    return new Promise((resolve, reject) => this.#waiting.set(runId, { resolve, reject }));
  }

  async close() {
    this.#stream.abort();
    await this.#pool.destroy();
  }
}
