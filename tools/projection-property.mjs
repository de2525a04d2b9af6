// npm run projection-property: 500 random histories (PROJECTION_HISTORIES), each projected by processes that die at random points, compared with a fold from zero.
import { prepareOrExit } from './prepare.mjs';
import { runSpec } from './run-spec.mjs';

await prepareOrExit();
await runSpec('projection-property', { PROJECTION_HISTORIES: process.env.PROJECTION_HISTORIES ?? '500' }, { tier: 'int' });
