import type { Json } from '@cs/kernel';
import { ExpressionError } from './expression.port.js';
import { TemplateError, type TemplateScope } from './template.js';

/** The expression of a member that is one: written bare, or between `{{` and `}}` as in templates. */
export const bareExpression = (text: string): string => {
  const trimmed = text.trim();
  return trimmed.startsWith('{{') && trimmed.endsWith('}}') ? trimmed.slice(2, -2).trim() : trimmed;
};

/** The value of such a member; `undefined` when it selects nothing. Throws `TemplateError` with its path. */
export const evaluateText = async (text: string, path: string, { evaluator, scope }: TemplateScope): Promise<Json | undefined> => {
  try {
    return await evaluator.evaluate(bareExpression(text), scope);
  } catch (error) {
    if (error instanceof ExpressionError) throw new TemplateError(path, error);
    throw error;
  }
};
