// npm run soak:stores: loses the log and then the database under load, and rebuilds them; STORES_SECONDS of load before each (default 60).
import { prepareOrExit } from './prepare.mjs';
import { runSpec } from './run-spec.mjs';

await prepareOrExit();
await runSpec('lost-stores', { STORES_SECONDS: process.env.STORES_SECONDS ?? '60' });
