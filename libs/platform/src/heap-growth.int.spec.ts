import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { heapGrowthFlag, type HeapGrowth } from './heap-growth.js';

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

/** Passes on answers of a quarter of a megabyte, which arrive in pieces and are put together; says how often all of the heap was collected. */
const answers = `
const { PerformanceObserver, constants } = require('node:perf_hooks');
const kept = Array.from({ length: 300_000 }, (_, n) => ({ n, text: 'x' + n }));
let collections = 0;
new PerformanceObserver((list) => { collections += list.getEntries().filter(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR).length; }).observe({ entryTypes: ['gc'] });
const pass = () => { let whole; for (const bytes of [65_536, 65_536, 196_608, 458_752]) whole = new Uint8Array(bytes); return whole; };
const answer = (left) => left === 0 ? setTimeout(() => process.stdout.write(String(kept.length > 0 ? collections : 0)), 50) : (pass(), setImmediate(answer, left - 1));
answer(2000);`;

const collectionsOf = async (growth: HeapGrowth): Promise<number> => Number((await run(process.execPath, ['-e', `require('node:v8').setFlagsFromString('${heapGrowthFlag(growth)}');${answers}`], { env: {} })).stdout);

describe('the heap of a service', () => {
  it('stays far smaller in a burst than V8 would let it grow', async () => {
    const [bound, left] = await Promise.all([peakOf(`require('node:v8').setFlagsFromString('${heapGrowthFlag('soon')}')`), peakOf('')]);
    expect(bound).toBeGreaterThan(50);
    expect(bound).toBeLessThan(left * 0.75);
  }, 60_000);

  it('is collected in full for few of the large answers that pass through it', async () => {
    const [few, many] = [await collectionsOf('later'), await collectionsOf('soon')];
    expect(few).toBeLessThan(many * 0.81);
    expect(await collectionsOf('seldom')).toBeLessThan(few);
  }, 60_000);
});
