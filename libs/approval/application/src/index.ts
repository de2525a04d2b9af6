export { decideGate, type Decided, type DecideGateOptions, type GateDecisionRequest } from './decide-gate.command-handler.js';
export { issueReceipts, type ReceiptOptions } from './issue-receipts.query.js';
export type { ReceiptSigner } from './receipt-signer.port.js';
