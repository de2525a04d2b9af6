import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Runs one specification in this terminal, end to end unless it is said otherwise, with variables that make it longer; ends with its exit code. */
export const runSpec = async (name, variables, { tier = 'e2e' } = {}) => {
  const cwd = fileURLToPath(new URL('../', import.meta.url));
  const env = { ...process.env, ...variables, TIER: tier, NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };
  // As one argument: a name like "-fuzz" of its own would be read as options, of which -f runs nothing and succeeds.
  const pattern = `--testPathPatterns=${name}\\.${tier === 'unit' ? '' : `${tier}\\.`}spec`;
  const child = spawn(process.execPath, ['node_modules/jest/bin/jest.js', pattern], { cwd, env, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  process.exit(code ?? 1);
};
