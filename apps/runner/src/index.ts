export { runnerConfigSchema, type RunnerConfig } from './config.js';
export { RunnerModule } from './runner.module.js';
