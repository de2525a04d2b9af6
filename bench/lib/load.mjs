// What every load generator here shares: the peer of http steps, and work with a bounded number in flight.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The peer of the http steps, as a process of its own. */
export const startSink = async () => {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../sink.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url: `http://127.0.0.1:${port}` };
};

/** Does `one(0)` to `one(count - 1)`, `inFlight` at a time; what each answered, in the order of their ends. */
export const drive = async (count, inFlight, one) => {
  const answers = [];
  let next = 0;
  const worker = async () => {
    while (next < count) answers.push(await one(next++));
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, worker));
  return answers;
};

/** Begins `one` at a steady rate, whether or not earlier ones have ended; resolves when all have. */
export const atRate = async (perSecond, seconds, one) => {
  const startedAt = performance.now();
  const begun = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const wait = startedAt + (n * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    begun.push(one(n));
  }
  return await Promise.all(begun);
};

/** Ends the process when it takes too long: nobody waits for a benchmark that hangs. */
export const withinLimit = (ms) => setTimeout(() => {
  console.error(`the benchmark took longer than ${ms / 1000} s`);
  process.exit(1);
}, ms);
