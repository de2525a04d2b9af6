// Run as a program: starts both servers and dies at once, as if killed, so that they stay behind.
import { startEmbeddedServers } from './start-embedded-servers.js';

const [dataDir = '', toolsDir = '', searchPath = ''] = process.argv.slice(2);
const { nats, postgres } = await startEmbeddedServers({ dataDir, natsPort: 0, postgresPort: 0, durable: false, toolsDir, path: searchPath });
process.stdout.write(JSON.stringify({ natsPort: nats.port, postgresPort: postgres.port, pids: [nats.pid, postgres.pid] }));
process.kill(process.pid, 'SIGKILL');
