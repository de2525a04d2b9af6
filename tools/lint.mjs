// Lints the workspace. The layer rule needs Nx's project graph, which is computed first.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' };
const run = (script, args) => spawnSync(process.execPath, [path.join(root, 'node_modules', script), ...args], { cwd: root, env, stdio: 'inherit' }).status ?? 1;

const graph = spawnSync(process.execPath, [path.join(root, 'node_modules/nx/dist/bin/nx.js'), 'graph', '--file=.nx/graph.json'], { cwd: root, env, encoding: 'utf8' });
if (graph.status !== 0) {
  console.error(graph.stdout, graph.stderr);
  process.exit(1);
}
const targets = process.argv.slice(2);
process.exit(run('eslint/bin/eslint.js', [...(targets.length > 0 ? targets : ['apps', 'libs', 'bench']), '--cache', '--cache-location', 'node_modules/.cache/eslint/', '--no-error-on-unmatched-pattern']));
