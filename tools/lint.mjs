// Lints the workspace. The layer rule needs Nx's project graph, which is computed first.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' };
const run = (script, args) =>
  new Promise((resolve) => {
    spawn(process.execPath, [path.join(root, 'node_modules', script), ...args], { cwd: root, env, stdio: 'inherit' }).once('exit', (code) => resolve(code ?? 1));
  });

const graph = spawnSync(process.execPath, [path.join(root, 'node_modules/nx/dist/bin/nx.js'), 'graph', '--file=.nx/graph.json'], { cwd: root, env, encoding: 'utf8' });
if (graph.status !== 0) {
  console.error(graph.stdout, graph.stderr);
  process.exit(1);
}
const eslint = (targets, cache) =>
  run('eslint/bin/eslint.js', [...targets, '--cache', '--cache-location', `node_modules/.cache/eslint/${cache}`, '--no-error-on-unmatched-pattern']);

/** A process holds the types of every project that it reads: the workspace is too much for one. */
const groups = () => {
  const libs = readdirSync(path.join(root, 'libs')).sort();
  const half = Math.ceil(libs.length / 2);
  const inLibs = (names) => names.map((name) => `libs/${name}`);
  return [['apps'], inLibs(libs.slice(0, half)), [...inLibs(libs.slice(half)), 'bench']];
};

/** Two processes at a time, each with the next group when it is free; the worst of their exit codes. */
const eslintGroups = async () => {
  const waiting = [...groups().entries()];
  const codes = [];
  const takeAll = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) codes.push(await eslint(next[1], `group-${next[0]}`));
  };
  await Promise.all([takeAll(), takeAll()]);
  return Math.max(...codes);
};

const targets = process.argv.slice(2);
process.exit(await (targets.length > 0 ? eslint(targets, 'chosen') : eslintGroups()));
