// npm run bench:lists: prepares the checkout, then measures long lists. See bench/README.md for options.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/lists.mjs');
