import type { FlowNode } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { ExpressionError } from './expression.port.js';
import { resolveTemplate, TemplateError, type TemplateScope } from './template.js';

/** A point in time: without its zone, a date and time would mean another instant on every machine. */
const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/i;
/** The end of the year 9999: the last instant that timers can be written with. */
const lastInstantMs = 253_402_300_799_999;

const parse = (value: Json): number => {
  if (typeof value === 'string') return isoInstant.test(value) ? Date.parse(value) : Number.NaN;
  return typeof value === 'number' ? value : Number.NaN;
};

const instant = (value: Json): number => {
  const parsed = parse(value);
  if (Number.isSafeInteger(parsed) && parsed >= 0 && parsed <= lastInstantMs) return parsed;
  throw new TemplateError('wait.wake_at', new ExpressionError('expected Unix milliseconds or an ISO 8601 instant with its zone', JSON.stringify(value)));
};

/** When a timer wait ends: `delay_ms` after now, or at `wake_at`. Throws `TemplateError`. */
export const wakeAtOf = async ({ wait }: FlowNode, nowMs: number, scope: TemplateScope): Promise<number> => {
  const timer = wait?.kind === 'timer' ? wait : undefined;
  if (timer?.delay_ms !== undefined) return nowMs + timer.delay_ms;
  return instant(await resolveTemplate(timer?.wake_at ?? null, 'wait.wake_at', scope));
};
