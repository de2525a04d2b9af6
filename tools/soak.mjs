// npm run soak: kills one of two runners every 2 s for a minute (SOAK_SECONDS) under load, and looks for lost runs and doubled effects.
import { prepareOrExit } from './prepare.mjs';
import { runSpec } from './run-spec.mjs';

await prepareOrExit();
await runSpec('two-runners', { SOAK_SECONDS: process.env.SOAK_SECONDS ?? '60' });
