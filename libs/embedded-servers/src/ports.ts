import { createServer } from 'node:net';
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

/** Throws {@link PortTakenError} when another process listens on the port; `what` wants it. */
export const assertPortFree = async (port: number, what: string): Promise<void> => {
  try {
    await bind(port);
  } catch (error) {
    throw new PortTakenError(port, what, { cause: error });
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
