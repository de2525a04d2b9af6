// Every metric of our own that a service exposes, from the classes that register them: needs the build.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Registry } from 'prom-client';

const root = path.resolve(import.meta.dirname, '../..');
const built = (file) => import(pathToFileURL(path.join(root, file)).href);
const standing = { position: () => undefined, ahead: () => Promise.reject(new Error('nobody asks')), clock: () => 0 };

/** Who exposes what; each registers in the registry that it is given. */
const sources = [
  ['gateway', async (registry) => new (await built('apps/gateway/dist/http/request-metrics.js')).RequestMetrics(registry, () => 0)],
  ['runner', async (registry) => new (await built('apps/runner/dist/runner-metrics.js')).RunnerMetrics(registry).watch({ slots: 1, executing: () => 0 })],
  ['projector', async (registry) => new (await built('apps/projector/dist/projector-metrics.js')).ProjectorMetrics(registry).watchLag(standing)],
  ['projector', async (registry) => new (await built('apps/projector/dist/operations-metrics.js')).OperationsMetrics(registry, { isLeading: () => false, clock: () => 0 })],
  ['notifier', async (registry) => new (await built('apps/notifier/dist/notification-channels.js')).NotificationChannels({ PUBLIC_URL: 'http://127.0.0.1', COUNTERSIGN_EGRESS_ALLOW: [], NOTIFIER_CONSOLE: false }, { metrics: registry }).close()],
  ['observability', async (registry) => new (await built('apps/observability/dist/audit-metrics.js')).AuditMetrics(registry, undefined)],
  ['every service', async (registry) => new (await built('libs/telemetry/dist/tracing-metrics.js')).TracingMetrics(registry)],
  ['every service', async (registry) => new (await built('libs/platform/dist/rpc-metrics.js')).RpcMetrics(registry)],
  ['runner, notifier', async (registry) => new (await built('libs/jetstream/dist/consumer-metrics.js')).ConsumerMetrics(registry)],
  ['projector, observability', async (registry) => (await built('libs/postgres/dist/pool-metrics.js')).watchPool(registry, { connections: () => ({}) })],
];

/** `[{ name, type, help, labels, services }]`, by name. */
export const readMetrics = async () => {
  const found = [];
  for (const [services, register] of sources) {
    const registry = new Registry();
    await register(registry);
    found.push(...registry.getMetricsAsArray().map(({ name, help, type, labelNames }) => ({ name, help, type, labels: labelNames, services })));
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
};
