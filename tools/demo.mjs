// npm run demo: what Countersign does, shown on a real server.
import { prepareOrExit } from './prepare.mjs';
import { runProgram } from './run-program.mjs';

await prepareOrExit();
runProgram('apps/standalone/dist/demo.cli.js', process.argv.slice(2));
