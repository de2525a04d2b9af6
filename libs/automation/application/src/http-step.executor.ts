import type { HttpAction } from '@cs/contracts';
import type { ExpressionEvaluator } from './expression.port.js';
import { effectModeOf, resolveHttpStep } from './http-step.js';
import type { Secrets } from './secrets.port.js';
import type { StepExecutor } from './step-executor.port.js';
import type { HttpStepRunner } from './step-runner.port.js';

/** `http`: one request, sent after its intent is durable. Secrets exist from here until it was answered. */
export const httpStepExecutor = ({ http, secrets, evaluator }: { readonly http: HttpStepRunner; readonly secrets: Secrets; readonly evaluator: ExpressionEvaluator }): StepExecutor<HttpAction> => ({
  effectMode: effectModeOf,
  prepare: async (action, { node, scope, effect }) => {
    const step = await resolveHttpStep(node, action, { evaluator, secrets, scope, effect });
    return { kind: 'effect', perform: (signal) => http.run(step, signal) };
  },
});
