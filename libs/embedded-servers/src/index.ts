export { natsServerBinary, type NatsServerBinaryOptions } from './nats-server-binary.js';
export { freePort } from './ports.js';
export { DataFolderInUseError, PortTakenError, ServerStartError, ServerUnavailableError } from './server.errors.js';
export type { Log, ServerExit, ServerProcess } from './server-process.js';
export { startEmbeddedServers, type EmbeddedServers, type StartEmbeddedServersOptions } from './start-embedded-servers.js';
export { startNats, type NatsHandle, type StartNatsOptions } from './start-nats.js';
export { runningPostgresUrl, startPostgres, type PostgresHandle, type StartPostgresOptions } from './start-postgres.js';
