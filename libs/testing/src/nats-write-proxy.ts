import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { CrashPoint } from './ending-process.js';
import { NatsFrames, type NatsFrame } from './nats-frames.js';

/** A wire to a NATS server that counts what its clients write to streams, and can end them at one of these writes. */
export interface NatsWriteProxy {
  readonly port: number;
  /** Subjects of the writes since `arm`, oldest first. */
  readonly writes: readonly string[];
  /**
   * Counts from 1 again. At the crash point, `kill` is called (it ends the client's process), and
   * nothing the clients of that moment send reaches the server any more: `before` not even that write.
   */
  arm(at: CrashPoint | undefined, kill: () => void): void;
  close(): Promise<void>;
}

/** Commits, blobs, timers and settled messages. A sign of life (`+WPI`) comes when it comes, and is none. */
const isWrite = ({ subject = '', payload = '' }: NatsFrame): boolean =>
  subject.startsWith('cs.log.') || subject.startsWith('cs.timer.') || subject.startsWith('$O.') || (subject.startsWith('$JS.ACK.') && !payload.startsWith('+WPI'));

class Proxy implements NatsWriteProxy {
  readonly #serverPort: number;
  readonly #listener = createServer((client) => this.#accept(client));
  readonly #clients = new Set<Socket>();
  /** Clients that are dead, though the server may not know yet. */
  readonly #dead = new WeakSet<Socket>();
  #writes: string[] = [];
  #at: CrashPoint | undefined;
  #kill: () => void = () => undefined;

  constructor(serverPort: number) {
    this.#serverPort = serverPort;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  get writes(): readonly string[] {
    return this.#writes;
  }

  arm(at: CrashPoint | undefined, kill: () => void): void {
    this.#writes = [];
    this.#at = at;
    this.#kill = kill;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen(0, '127.0.0.1', resolve);
    });
  }

  close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    return new Promise((resolve) => {
      this.#listener.close(() => resolve());
    });
  }

  #accept(client: Socket): void {
    this.#clients.add(client);
    const frames = new NatsFrames();
    const server = connect({ host: '127.0.0.1', port: this.#serverPort, noDelay: true });
    client.setNoDelay(true);
    // What was passed on still arrives when the client is gone.
    const clientGone = (): void => {
      this.#clients.delete(client);
      server.end();
    };
    client.on('data', (bytes) => this.#pass(client, server, frames.read(bytes))).on('error', () => undefined).on('close', clientGone);
    server.on('data', (bytes) => this.#dead.has(client) || client.write(bytes)).on('error', () => client.destroy()).on('close', () => client.destroy());
  }

  #pass(client: Socket, server: Socket, frames: readonly NatsFrame[]): void {
    for (const frame of frames) {
      if (this.#dead.has(client)) return;
      const isLast = isWrite(frame) && this.#count(frame);
      if (!isLast || this.#at?.when === 'after') server.write(frame.bytes);
      if (isLast) this.#crash();
    }
  }

  /** True when this write is the crash point. */
  #count({ subject = '' }: NatsFrame): boolean {
    this.#writes.push(subject);
    return this.#writes.length === this.#at?.write;
  }

  #crash(): void {
    for (const client of this.#clients) this.#dead.add(client);
    this.#kill();
  }
}

/** Listens on a free port of 127.0.0.1 before the NATS server at `serverPort`. */
export const natsWriteProxy = async (serverPort: number): Promise<NatsWriteProxy> => {
  const proxy = new Proxy(serverPort);
  await proxy.listen();
  return proxy;
};
