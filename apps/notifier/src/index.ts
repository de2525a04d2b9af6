export { notifierConfigSchema, type NotifierConfig } from './config.js';
export { NotifierModule } from './notifier.module.js';
