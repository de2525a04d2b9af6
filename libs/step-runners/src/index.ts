export { OutboundHttpStepRunner } from './http-step-runner.adapter.js';
export type { HttpFailureKind } from './http-step-outcome.js';
export { JsonataEvaluator, type JsonataEvaluatorOptions } from './jsonata-evaluator.adapter.js';
export { fileSystemRoots } from './workspace-roots.adapter.js';
