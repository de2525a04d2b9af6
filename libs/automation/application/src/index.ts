export { ExpressionError, type ExpressionEvaluator } from './expression.port.js';
export type { HttpStep, HttpStepRunner, StepOutcome } from './step-runner.port.js';
