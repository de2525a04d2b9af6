// npm run bench:queries: prepares the checkout, then measures reads over databases of two sizes. See bench/README.md for options.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/queries.mjs');
