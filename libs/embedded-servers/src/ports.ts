import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PortTakenError } from './server.errors.js';

const bind = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address ? address.port : port;
      server.close(() => resolve(bound));
    });
  });

/** A port on 127.0.0.1 that was free a moment ago. */
export const freePort = (): Promise<number> => bind(0);

/** A process that is ending holds its ports a little longer than it can be seen. */
const patienceMs = 1000;
const pauseMs = 50;

/** Throws {@link PortTakenError} when another process listens on the port, and goes on to; `what` wants it. */
export const assertPortFree = async (port: number, what: string): Promise<void> => {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      await bind(port);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new PortTakenError(port, what, { cause: error });
      await delay(pauseMs);
    }
  }
};

const attempts = 5;

/** Runs `start` with the wanted port. For 0 it picks a free one, and another when somebody was faster. */
export const withPort = async <T>(wanted: number, start: (port: number) => Promise<T>): Promise<T> => {
  if (wanted !== 0) return start(wanted);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === attempts) throw error;
    }
  }
};
