export { answerQuestion, type Answered, type AnswerRequest } from './answer-question.command-handler.js';
export { respondEscalation, type EscalationResponse } from './respond-escalation.command-handler.js';
export type { HumanRequestOptions } from './human-response.js';
export { decideGate, type Decided, type DecideGateOptions, type GateDecisionRequest } from './decide-gate.command-handler.js';
export { decideCompensation, type CompensationDecided, type CompensationDecisionRequest } from './decide-compensation.command-handler.js';
export { endDelegation, setDelegation, type DelegationOptions, type DelegationStored } from './delegate.command-handlers.js';
export { delegationAggregate, delegationsOf } from './delegation.aggregate.js';
export { issueReceipts, type ReceiptOptions } from './issue-receipts.query.js';
export type { ReceiptSigner } from './receipt-signer.port.js';
