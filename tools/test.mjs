// npm test: set-up, then every check and every tier of tests. `npm test -- unit lint` runs only those.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareOrExit } from './prepare.mjs';

const root = path.resolve(import.meta.dirname, '..');
const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };
const results = mkdtempSync(path.join(tmpdir(), 'countersign-test-'));

const run = (args, extra = {}) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...env, ...extra }, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('exit', (code) => resolve(code ?? 1));
  });

/** A command that passes or fails as a whole. */
const check = (...commands) => async () => {
  for (const args of commands) if ((await run(args)) !== 0) return { passed: 0, failed: 1 };
  return { passed: 1, failed: 0 };
};

const tierMs = 25 * 60_000;
const exitMs = 30_000;

/** Jest waits for ever for a handle that a failed test left open: once its results are written it has `exitMs` to end, and `tierMs` in all. */
const runJest = (args, { output, tier }) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...env, TIER: tier }, stdio: ['ignore', 'inherit', 'inherit'] });
    const startedAt = performance.now();
    let writtenAt;
    const watch = setInterval(() => {
      const now = performance.now();
      if (existsSync(output)) writtenAt ??= now;
      const reason = now - startedAt > tierMs ? 'did not finish' : now - (writtenAt ?? now) > exitMs ? 'is done but does not exit' : undefined;
      if (reason === undefined) return;
      console.error(`jest (${tier}) ${reason}: ended by force`);
      child.kill('SIGKILL');
    }, 1000);
    child.once('exit', (code) => {
      clearInterval(watch);
      resolve(writtenAt !== undefined && code === null ? 0 : (code ?? 1));
    });
  });

/** A tier of tests; suites that could not run count as failed. */
const jest = (tier, ...options) => async () => {
  const output = path.join(mkdtempSync(path.join(results, `${tier}-`)), 'results.json');
  const code = await runJest(['node_modules/jest/bin/jest.js', '--json', `--outputFile=${output}`, ...options], { output, tier });
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(output, 'utf8'));
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 };
  }
};

/** End-to-end specs that hold the system to times, or to what it does under load: nothing else runs beside them. */
const alone = ['chaos', 'channel-endings', 'channel-presses', 'channels', 'crash-points', 'decisions', 'fairness', 'gate-expiry', 'gate-race', 'lost-stores', 'schedules', 'two-runners', 'waits'];
const aloneSpecs = `e2e/(${alone.join('|')})\\.e2e\\.spec`;

const steps = {
  configuration: ['project configuration follows package.json', check(['tools/sync-workspace.mjs', '--check'])],
  docs: ['generated tables, links and index of the documentation', check(['tools/generate-docs.mjs', '--check'])],
  compose: ['Compose file, Dockerfile and monitoring', check(['tools/check-compose.mjs'], ['tools/check-compose.selftest.mjs'], ['tools/check-monitoring.mjs'])],
  unit: ['unit tests', jest('unit', '--maxWorkers=2')],
  lint: ['lint and layer rules', check(['tools/lint.mjs'], ['tools/check-layers.mjs'])],
  int: ['integration tests', jest('int', '--maxWorkers=2')],
  e2e: ['end-to-end tests', jest('e2e', '--maxWorkers=2', '--testPathIgnorePatterns', '/node_modules/', aloneSpecs)],
  alone: ['end-to-end tests that run alone', jest('e2e', '--runInBand', '--testPathPatterns', aloneSpecs)],
  demo: ['the demo, in one process', check(['apps/standalone/dist/demo.cli.js'])],
  processes: ['the demo, through the processes of the Compose file', check(['tools/compose-processes.mjs', '--payments', '--run', `${process.execPath} apps/standalone/dist/demo.cli.js --url $COUNTERSIGN_URL`])],
};

await prepareOrExit();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`Unknown step ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}.`);
  process.exit(2);
}
const chosen = Object.entries(steps).filter(([name]) => wanted.length === 0 || wanted.includes(name)).map(([, step]) => step);
const summary = [];
for (const [title, step] of chosen) {
  console.log(`\n── ${title}`);
  const startedAt = performance.now();
  const result = await step();
  summary.push({ title, seconds: (performance.now() - startedAt) / 1000, ...result });
}
rmSync(results, { recursive: true, force: true });

console.log('\nSummary');
for (const { title, passed, failed, seconds } of summary) {
  console.log(`  ${failed === 0 ? 'ok    ' : 'FAILED'}  ${title}: ${passed} passed, ${failed} failed (${seconds.toFixed(0)} s)`);
}
const total = (key) => summary.reduce((sum, step) => sum + step[key], 0);
console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
process.exit(total('failed') === 0 ? 0 : 1);
