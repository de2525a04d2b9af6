// npm run gate-races: 1,000 rounds (GATE_RACES) of fifty deciders, operators and the clock at one gate, each with another interleaving.
import { prepareOrExit } from './prepare.mjs';
import { runSpec } from './run-spec.mjs';

await prepareOrExit();
await runSpec('gate-race', { GATE_RACES: process.env.GATE_RACES ?? '1000' }, { tier: 'unit' });
