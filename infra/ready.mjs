// The health check of a container: exit code 0 when the service in it is ready. Needs nothing but Node.
// The gateway has no port of its own for health.
const port = process.env.HEALTH_PORT ?? process.env.PORT;

try {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4000) });
  const report = await response.text();
  console.log(report);
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.log(`port ${port}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
