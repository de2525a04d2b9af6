import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

const text = (value: unknown): string => (typeof value === 'string' ? value : value instanceof Error ? (value.stack ?? value.message) : JSON.stringify(value));

/** Nest's own messages through our logger; its start-up chatter only at debug. */
export const nestLogger = (logger: Logger): LoggerService => ({
  log: (message: unknown) => logger.debug(text(message)),
  debug: (message: unknown) => logger.debug(text(message)),
  verbose: (message: unknown) => logger.trace(text(message)),
  warn: (message: unknown) => logger.warn(text(message)),
  error: (message: unknown, ...rest: unknown[]) => logger.error({ detail: rest.map(text).join(' ') }, text(message)),
  fatal: (message: unknown) => logger.fatal(text(message)),
});
