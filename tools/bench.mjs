// npm run bench: prepares the checkout, then measures. See bench/README.md for options.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/bench.mjs');
