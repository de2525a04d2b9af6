import type { CallContext, decideGate, PayloadInputOf, RpcReply, RunRecord } from '@cs/contracts';

/** Decides gates: the approval gate. Without an answer in time it says so by a refusal; what became of the decision is then not known. */
export interface GateDecider {
  decide(request: PayloadInputOf<typeof decideGate>, context: CallContext, timeoutMs: number): Promise<RpcReply<RunRecord>>;
}
