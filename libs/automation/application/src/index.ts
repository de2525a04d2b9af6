export { automationAggregate } from './automation.aggregate.js';
export { definitionAggregate } from './definition.aggregate.js';
export { ExpressionError, type ExpressionEvaluator } from './expression.port.js';
export { runAggregate } from './run.aggregate.js';
export type { HttpStep, HttpStepRunner, StepOutcome } from './step-runner.port.js';
