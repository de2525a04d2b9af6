export { decideGate, type Decided, type DecideGateOptions, type GateDecisionRequest } from './decide-gate.command-handler.js';
