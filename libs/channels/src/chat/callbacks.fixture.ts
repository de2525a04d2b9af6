import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpAnswer, Interaction, InteractiveChannel, Received, Reply } from '@cs/notification';

/** Takes the callbacks of a platform as the gateway and the notifier do: verify, then answer as the test says. */
export class Callbacks {
  readonly received: Received[] = [];
  decide: (interaction: Interaction) => Reply = () => ({ kind: 'decided', text: 'Approved.' });
  #server: Server | undefined;

  constructor(readonly channel: () => InteractiveChannel) {}

  /** Answers the address. */
  async start(): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
        void this.#answer(headers, Buffer.concat(chunks)).then(({ status, headers: own, body }) => response.writeHead(status, own).end(body));
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  close(): Promise<unknown> {
    this.#server?.closeAllConnections();
    return new Promise((resolve) => this.#server?.close(resolve));
  }

  /** What people did, in their order. */
  interactions(): readonly Interaction[] {
    return this.received.flatMap((one) => (one.kind === 'interaction' ? [one.interaction] : []));
  }

  async #answer(headers: Readonly<Record<string, string>>, body: Buffer): Promise<HttpAnswer> {
    const got = await this.channel().receive({ headers, body, received_at_ms: Date.now() });
    this.received.push(got);
    if (got.kind === 'interaction') return this.channel().reply(got.interaction, this.decide(got.interaction), Date.now() + 2_000);
    return got.kind === 'answered' ? got.answer : { status: got.status, body: got.reason };
  }
}
