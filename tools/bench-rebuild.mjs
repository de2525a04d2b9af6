// npm run bench:rebuild: prepares the checkout, then measures rebuilds. See bench/README.md for options.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/rebuild.mjs');
