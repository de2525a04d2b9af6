import { instantMs } from '@cs/automation-domain';
import type { Json } from '@cs/kernel';
import { ExpressionError } from './expression.port.js';
import { TemplateError } from './template.js';

/** An instant as a timer takes it. Throws `TemplateError` with the path when it is none. */
export const instantOf = (value: Json, path: string): number => {
  const parsed = instantMs(value);
  if (parsed !== undefined) return parsed;
  throw new TemplateError(path, new ExpressionError('expected Unix milliseconds or an ISO 8601 instant with its zone', JSON.stringify(value)));
};
