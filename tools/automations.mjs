// npm run automations: checks definition files, and stores them.
import { prepareOrExit } from './prepare.mjs';
import { runProgram } from './run-program.mjs';

await prepareOrExit({ servers: false });
runProgram('apps/standalone/dist/automations.cli.js', process.argv.slice(2));
