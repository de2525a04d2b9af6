export { decideAutomation, evolveAutomation, type AutomationState, type StoreAutomation } from './automation.decider.js';
export { definitionProblems } from './definition-problems.js';
export { descendants, flowGraph, isApprovalNode, type FlowGraph } from './flow-graph.js';
export { gateDecisions, readDecision } from './gate-decisions.js';
export { evolveRun, type RecordedRunEvent } from './run-evolution.js';
export { toRunRecord } from './run-record.js';
export { isFinished, isParked, statefulStatus, waitingReason, type RunState } from './run.state.js';
