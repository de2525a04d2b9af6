import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Structured logs on standard output: fields, not sentences. Credentials in known fields are never written. */
export const createLogger = ({ service, level }: { readonly service: string; readonly level: string }): Logger =>
  pino({
    level,
    base: { service },
    redact: { paths: ['authorization', '*.authorization', 'headers.authorization', 'password', '*.password', 'secret', '*.secret'], censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  });
