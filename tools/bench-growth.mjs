// npm run bench:growth: prepares the checkout, then measures what projecting an event costs in short and long runs. See bench/README.md.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/growth.mjs');
