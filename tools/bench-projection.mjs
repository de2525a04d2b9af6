// npm run bench:projection: prepares the checkout, then measures the projector while live. See bench/README.md for options.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/projection.mjs');
