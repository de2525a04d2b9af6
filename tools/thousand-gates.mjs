// npm run thousand-gates: 1,000 gates (GATES) told on a channel that takes one message a second and fails every fifth call.
import { prepareOrExit } from './prepare.mjs';
import { runSpec } from './run-spec.mjs';

await prepareOrExit();
await runSpec('thousand-gates', { GATES: process.env.GATES ?? '1000' }, { tier: 'int' });
