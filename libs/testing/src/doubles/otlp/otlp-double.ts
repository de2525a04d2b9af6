import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readOtlpTraces, type ReceivedSpan } from './otlp-traces.js';

const readText = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

/** A collector of traces on 127.0.0.1: takes OTLP over HTTP as JSON, and refuses what the protocol does not allow. */
export class OtlpDouble {
  readonly spans: ReceivedSpan[] = [];
  /** What was wrong with requests. */
  readonly problems: string[] = [];
  /** Every body, as it came. */
  readonly bodies: string[] = [];
  /** Headers of the newest request. */
  headers: Readonly<Record<string, unknown>> = {};
  readonly #server = createServer((request, response) => {
    void this.#take(request).then((status) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}'));
  });

  /** Starts listening; answers itself. */
  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return this;
  }

  /** Without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #take(request: IncomingMessage): Promise<number> {
    const body = await readText(request);
    this.headers = request.headers;
    this.bodies.push(body);
    try {
      if (request.method !== 'POST' || request.url !== '/v1/traces') throw new Error(`${request.method} ${request.url} is no address of traces`);
      if (request.headers['content-type'] !== 'application/json') throw new Error(`the type is ${request.headers['content-type']}, not JSON`);
      this.spans.push(...readOtlpTraces(JSON.parse(body)));
      return 200;
    } catch (error) {
      this.problems.push(error instanceof Error ? error.message : String(error));
      return 400;
    }
  }
}
