import { runImportSchema, type RunImported } from '../run-import.schema.js';
import { rpcMethod } from './rpc.js';

/** Imports what is not known yet of a run of another system. Repeating it changes nothing. */
export const importRunHistory = rpcMethod<RunImported>()('cs.rpc.runner.run_history_import', runImportSchema);
