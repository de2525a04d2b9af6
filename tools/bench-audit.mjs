// npm run bench:audit: prepares the checkout, then measures the audit. See bench/README.md for options.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/audit.mjs');
