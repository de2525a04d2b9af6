import type { AutomationAction } from '@cs/contracts';
import type { ExpressionEvaluator } from './expression.port.js';
import type { StepExecutor } from './step-executor.port.js';
import { resolveTemplate } from './template.js';

/** `automation`: a run of another automation; the node waits for its end. */
export const automationStepExecutor = ({ evaluator }: { readonly evaluator: ExpressionEvaluator }): StepExecutor<AutomationAction> => ({
  effectMode: () => undefined,
  prepare: async ({ automation_id, version, input = {} }, { scope }) => ({
    kind: 'child_run',
    child: { automation_id, ...(version === undefined ? {} : { version }), input: await resolveTemplate(input, 'action.input', { evaluator, scope }) },
  }),
});
