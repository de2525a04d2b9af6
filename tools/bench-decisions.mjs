// npm run bench:decisions: prepares the checkout, then measures how soon a decision starts the next step. See bench/README.md for options.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/decisions.mjs');
