export { projectorConfigSchema, type ProjectorConfig } from './config.js';
export { ProjectorModule } from './projector.module.js';
export { rebuildLimits, runRebuild } from './run-rebuild.js';
export { readRebuildArguments, rebuildCommand, rebuildUsage } from './rebuild-command.js';
export { stopSignal } from './stop-signal.js';
export { logRestoreCommand, logRestoreUsage, wantsLogRestore } from './log-restore-command.js';
export { LogLostError, refuseLostLog } from './lost-log.js';
