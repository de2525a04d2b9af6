import { automationStepExecutor } from './automation-step.executor.js';
import type { ExpressionEvaluator } from './expression.port.js';
import { escalationStepExecutor, questionStepExecutor } from './human-step.executor.js';
import { httpStepExecutor } from './http-step.executor.js';
import type { Secrets } from './secrets.port.js';
import type { StepExecutors } from './step-executor.port.js';
import type { HttpStepRunner } from './step-runner.port.js';
import { transformStepExecutor } from './transform-step.executor.js';

export interface StepExecutorOptions {
  readonly evaluator: ExpressionEvaluator;
  readonly http: HttpStepRunner;
  readonly secrets: Secrets;
}

/** Every kind of action that this release executes. */
export const stepExecutors = (options: StepExecutorOptions): StepExecutors => ({
  http: httpStepExecutor(options),
  transform: transformStepExecutor(options),
  automation: automationStepExecutor(options),
  question: questionStepExecutor(options),
  escalation: escalationStepExecutor(options),
});
