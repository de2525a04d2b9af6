import { boundHeapGrowth } from '@cs/platform';
import { readEnvironment } from './config.js';
import { runServices } from './run-standalone.js';
import { describeStartError } from './standalone.js';
import { onStopSignals } from './stop-signals.js';

boundHeapGrowth();
// All services in one process, against the servers that NATS_URL and DATABASE_URL name.
try {
  const services = await runServices(readEnvironment());
  onStopSignals(() => services.stop());
  process.stdout.write(`${JSON.stringify({ listening: services.url })}\n`);
} catch (error) {
  process.stderr.write(`countersign cannot start: ${describeStartError(error)}\n`);
  process.exit(1);
}
