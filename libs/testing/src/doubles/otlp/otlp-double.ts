import type { IncomingMessage, ServerResponse } from 'node:http';
import { LocalServer } from '../local-server.js';
import { readOtlpTraces, type ReceivedSpan } from './otlp-traces.js';

const readText = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

/** A collector of traces on 127.0.0.1: takes OTLP over HTTP as JSON, and refuses what the protocol does not allow. */
export class OtlpDouble extends LocalServer {
  readonly spans: ReceivedSpan[] = [];
  /** What was wrong with requests. */
  readonly problems: string[] = [];
  /** Every body, as it came. */
  readonly bodies: string[] = [];
  /** Headers of the newest request. */
  headers: Readonly<Record<string, unknown>> = {};

  protected answer(request: IncomingMessage, response: ServerResponse): void {
    void this.#take(request).then((status) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}'));
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
