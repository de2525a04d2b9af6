// npm start: everything in one terminal.
import { prepareOrExit } from './prepare.mjs';
import { runProgram } from './run-program.mjs';

await prepareOrExit();
runProgram('apps/standalone/dist/start.cli.js', process.argv.slice(2));
