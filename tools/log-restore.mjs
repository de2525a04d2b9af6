// npm run log:restore: writes the log back from the archive in the database.
import { prepareOrExit } from './prepare.mjs';
import { runProgram } from './run-program.mjs';

await prepareOrExit();
runProgram('apps/standalone/dist/log-restore.cli.js', process.argv.slice(2));
