import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { HealthRegistry } from './health-registry.js';

const answer = (response: ServerResponse, status: number, { type, body }: { type: string; body: string }): void => {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
};

const serve = async (path: string, response: ServerResponse, { health, metrics }: HealthSources): Promise<void> => {
  if (path === '/healthz') return answer(response, 200, { type: 'application/json', body: '{"status":"ok"}' });
  if (path === '/readyz') {
    const report = await health.report();
    return answer(response, report.ready ? 200 : 503, { type: 'application/json', body: JSON.stringify(report) });
  }
  if (path === '/metrics') return answer(response, 200, { type: metrics.contentType, body: await metrics.metrics() });
  return answer(response, 404, { type: 'application/json', body: '{"error":"use /healthz, /readyz or /metrics"}' });
};

interface HealthSources {
  readonly health: HealthRegistry;
  readonly metrics: Registry;
}

/** Liveness, readiness and metrics of a service that has no HTTP surface of its own. */
export const startHealthServer = async ({ port, host, ...sources }: HealthSources & { readonly port: number; readonly host: string }): Promise<Server> => {
  const server = createServer((request, response) => {
    serve((request.url ?? '/').split('?')[0] ?? '/', response, sources).catch(() => {
      answer(response, 500, { type: 'application/json', body: '{"error":"the health report failed"}' });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${port} is taken; set HEALTH_PORT to another one`, { cause: error }) : error);
    });
    server.listen(port, host, resolve);
  });
  return server;
};
