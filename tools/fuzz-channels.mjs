// npm run fuzz:channels: 100,000 mutated callbacks (FUZZ_CALLBACKS) for each chat channel; the unit tests take 2,000. FUZZ_SEED repeats a run.
// With --http they go over HTTP through the whole system, for half an hour at most (FUZZ_MINUTES); the end-to-end tests take 400.
import { prepareOrExit } from './prepare.mjs';
import { runSpec } from './run-spec.mjs';

await prepareOrExit();
const variables = { FUZZ_CALLBACKS: process.env.FUZZ_CALLBACKS ?? '100000' };
if (process.argv.includes('--http')) await runSpec('channel-presses', { FUZZ_MINUTES: '30', ...variables });
else await runSpec('-fuzz', variables, { tier: 'unit' });
