// npm run crash-points: kills a runner just before and just after each of its writes, and compares how its run ends.
import { prepareOrExit } from './prepare.mjs';
import { runSpec } from './run-spec.mjs';

await prepareOrExit();
await runSpec('crash-points', { CRASH_POINTS_EVERY: process.env.CRASH_POINTS_EVERY ?? '1' });
