// npm run rebuild: builds the projections again beside those in use, and switches.
import { prepareOrExit } from './prepare.mjs';
import { runProgram } from './run-program.mjs';

await prepareOrExit();
runProgram('apps/standalone/dist/rebuild.cli.js', process.argv.slice(2));
