import type { FlowNode } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { ExpressionError } from './expression.port.js';
import { resolveTemplate, TemplateError, type TemplateScope } from './template.js';

const instant = (value: Json): number => {
  const parsed = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isSafeInteger(parsed) && parsed >= 0) return parsed;
  throw new TemplateError('wait.wake_at', new ExpressionError('expected Unix milliseconds or an ISO 8601 instant', JSON.stringify(value)));
};

/** When a timer wait ends: `delay_ms` after now, or at `wake_at`. Throws `TemplateError`. */
export const wakeAtOf = async ({ wait }: FlowNode, nowMs: number, scope: TemplateScope): Promise<number> => {
  if (wait?.delay_ms !== undefined) return nowMs + wait.delay_ms;
  return instant(await resolveTemplate(wait?.wake_at ?? null, 'wait.wake_at', scope));
};
