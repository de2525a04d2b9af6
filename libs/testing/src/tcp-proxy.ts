import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Which answer gets lost on its way back, and how its client notices. */
export interface LostAnswer {
  /** Armed once bytes with this text have gone to the server. */
  readonly request: string;
  /** The first bytes from the server with this text are thrown away. Default: the first of any. */
  readonly answer?: string;
  /** `silence`: nothing more happens. `cut`: the connection ends. */
  readonly then: 'silence' | 'cut';
}

/** A wire between a client and a server that can be damaged. */
export interface TcpProxy {
  readonly port: number;
  /** Connections made through it so far. */
  readonly connections: number;
  /** Bytes wait, in both directions, until `resume`. Connections stay open. */
  pause(): void;
  resume(): void;
  /** Loses one answer; resolves when that has happened. */
  drop(lost: LostAnswer): Promise<void>;
  /** Ends every connection at once. New ones are served. */
  kill(): void;
  close(): Promise<void>;
}

interface Wire {
  readonly client: Socket;
  readonly server: Socket;
}

interface Trap extends LostAnswer {
  armed: boolean;
  readonly sprung: () => void;
}

class Proxy implements TcpProxy {
  readonly #target: { readonly host?: string; readonly port: number };
  readonly #listener = createServer((client) => this.#accept(client));
  readonly #wires = new Set<Wire>();
  #trap: Trap | undefined;
  #paused = false;
  #connections = 0;

  constructor(target: { readonly host?: string; readonly port: number }) {
    this.#target = target;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#connections;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen(0, '127.0.0.1', resolve);
    });
  }

  pause(): void {
    this.#paused = true;
    for (const { client, server } of this.#wires) {
      client.pause();
      server.pause();
    }
  }

  resume(): void {
    this.#paused = false;
    for (const { client, server } of this.#wires) {
      client.resume();
      server.resume();
    }
  }

  drop(lost: LostAnswer): Promise<void> {
    return new Promise((resolve) => {
      this.#trap = { ...lost, armed: false, sprung: resolve };
    });
  }

  kill(): void {
    for (const wire of this.#wires) this.#end(wire);
  }

  close(): Promise<void> {
    this.kill();
    return new Promise((resolve) => {
      this.#listener.close(() => resolve());
    });
  }

  #end(wire: Wire): void {
    this.#wires.delete(wire);
    wire.client.destroy();
    wire.server.destroy();
  }

  #accept(client: Socket): void {
    this.#connections += 1;
    const server = connect({ host: '127.0.0.1', ...this.#target, noDelay: true });
    client.setNoDelay(true);
    const wire: Wire = { client, server };
    this.#wires.add(wire);
    const end = (): void => this.#end(wire);
    client.on('data', (bytes) => this.#toServer(wire, bytes)).on('error', end).on('close', end);
    server.on('data', (bytes) => this.#toClient(wire, bytes)).on('error', end).on('close', end);
    if (this.#paused) {
      client.pause();
      server.pause();
    }
  }

  #toServer({ server }: Wire, bytes: Buffer): void {
    if (this.#trap && bytes.includes(this.#trap.request)) this.#trap.armed = true;
    server.write(bytes);
  }

  #toClient(wire: Wire, bytes: Buffer): void {
    const trap = this.#trap;
    if (!trap?.armed || !bytes.includes(trap.answer ?? '')) {
      wire.client.write(bytes);
      return;
    }
    this.#trap = undefined;
    if (trap.then === 'cut') this.#end(wire);
    trap.sprung();
  }
}

/** Listens on a free port of 127.0.0.1 and passes everything on to the target. */
export const tcpProxy = async (target: { readonly host?: string; readonly port: number }): Promise<TcpProxy> => {
  const proxy = new Proxy(target);
  await proxy.listen();
  return proxy;
};
