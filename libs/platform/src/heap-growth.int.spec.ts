import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { heapGrowthFlag } from './heap-growth.js';

const run = promisify(execFile);

/** Keeps some, and makes much that is dropped again after a while, as a burst does; says the largest heap in MB. */
const burst = `
const rows = (count) => Array.from({ length: count }, (_, n) => ({ n, text: 'x' + n, of: [n, n + 1] }));
const kept = rows(600_000);
const recent = [];
let peak = 0;
for (let batch = 0; batch < 200; batch += 1) {
  recent.push(rows(20_000));
  if (recent.length > 4) recent.shift();
  peak = Math.max(peak, process.memoryUsage().heapUsed);
}
process.stdout.write(String(kept.length > 0 ? peak / 1024 / 1024 : 0));`;

const peakOf = async (before: string): Promise<number> => Number((await run(process.execPath, ['-e', `${before};${burst}`], { env: {} })).stdout);

describe('the heap of a service', () => {
  it('stays far smaller in a burst than V8 would let it grow', async () => {
    const [bound, left] = await Promise.all([peakOf(`require('node:v8').setFlagsFromString('${heapGrowthFlag}')`), peakOf('')]);
    expect(bound).toBeGreaterThan(50);
    expect(bound).toBeLessThan(left * 0.75);
  }, 60_000);
});
