// npm run bench:parked: prepares the checkout, then measures parked runs. See bench/README.md for options.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/parked.mjs');
