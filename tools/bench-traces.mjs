// npm run bench:traces: prepares the checkout, then measures what traces cost a run. See bench/README.md.
import { prepareOrExit } from './prepare.mjs';

await prepareOrExit();
await import('../bench/traces.mjs');
