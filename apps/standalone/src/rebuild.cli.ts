import { readRebuildArguments, rebuildCommand, rebuildUsage } from '@cs/projector';
import { runMaintenance } from './maintenance.js';

/* npm run rebuild */
await runMaintenance('rebuild', { usage: rebuildUsage, prepare: readRebuildArguments, run: rebuildCommand });
