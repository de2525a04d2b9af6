import { logRestoreCommand, logRestoreUsage, wantsLogRestore } from '@cs/projector';
import { runMaintenance } from './maintenance.js';

/* npm run log:restore */
await runMaintenance('log:restore', { usage: logRestoreUsage, prepare: (words) => wantsLogRestore(words) || undefined, run: (_wanted, maintenance) => logRestoreCommand(maintenance) });
