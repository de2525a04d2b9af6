// npm run fuzz:channels: 100,000 mutated callbacks (FUZZ_CALLBACKS) for each chat channel; the unit tests take 2,000. FUZZ_SEED repeats a run.
import { prepareOrExit } from './prepare.mjs';
import { runSpec } from './run-spec.mjs';

await prepareOrExit();
await runSpec('-fuzz', { FUZZ_CALLBACKS: process.env.FUZZ_CALLBACKS ?? '100000' }, { tier: 'unit' });
