/** Another process listens on the port that a server was told to use. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  /**
   * @param port the taken port on 127.0.0.1
   * @param what who wanted it, for people: "NATS", "NATS monitoring", "PostgreSQL"
   */
  constructor(readonly port: number, readonly what: string, options?: ErrorOptions) {
    super(`${what} cannot listen on 127.0.0.1:${port}: another process uses this port`, options);
  }
}

/** A living process of ours already runs a server on this data folder; only leftovers of dead ones are taken over. */
export class DataFolderInUseError extends Error {
  override readonly name = 'DataFolderInUseError';
  constructor(readonly dataDir: string, readonly what: string, readonly ownerPid: number) {
    super(`${what} already runs on ${dataDir}, started by process ${ownerPid}, which is still alive: stop that process first or use another data folder`);
  }
}

/** The server ended, or stayed silent for too long, before it was ready. `output` holds its last lines. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
  constructor(readonly what: string, problem: string, readonly output: readonly string[]) {
    super([`${what} did not start: ${problem}`, ...output.map((line) => `  ${line}`)].join('\n'));
  }
}

/** A server's program is neither present nor obtainable; the text says what to install or which variable to set. */
export class ServerUnavailableError extends Error {
  override readonly name = 'ServerUnavailableError';
}
