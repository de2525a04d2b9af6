import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Runs one end-to-end specification in this terminal, with variables that make it longer; ends with its exit code. */
export const runSpec = async (name, variables) => {
  const cwd = fileURLToPath(new URL('../', import.meta.url));
  const env = { ...process.env, ...variables, TIER: 'e2e', NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };
  const child = spawn(process.execPath, ['node_modules/jest/bin/jest.js', `${name}\\.e2e\\.spec`], { cwd, env, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  process.exit(code ?? 1);
};
