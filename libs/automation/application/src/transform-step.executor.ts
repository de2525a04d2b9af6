import type { TransformAction } from '@cs/contracts';
import { ExpressionError, type ExpressionEvaluator } from './expression.port.js';
import type { StepExecutor } from './step-executor.port.js';
import { TemplateError } from './template.js';

/** `transform`: the value of an expression. An expression that selects nothing yields null. */
export const transformStepExecutor = ({ evaluator }: { readonly evaluator: ExpressionEvaluator }): StepExecutor<TransformAction> => ({
  effectMode: () => undefined,
  prepare: async ({ expression }, { scope }) => {
    try {
      return { kind: 'value', content: (await evaluator.evaluate(expression, scope)) ?? null };
    } catch (error) {
      if (error instanceof ExpressionError) throw new TemplateError('action.expression', error);
      throw error;
    }
  },
});
