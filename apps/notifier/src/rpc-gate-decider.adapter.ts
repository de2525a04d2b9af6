import { decideGate, type CallContext, type PayloadInputOf, type RpcReply, type RunRecord } from '@cs/contracts';
import type { GateDecider } from '@cs/notification';
import type { RpcClient } from '@cs/platform';

/** The approval gate, asked over the message broker. */
export class RpcGateDecider implements GateDecider {
  readonly #rpc: RpcClient;

  constructor(rpc: RpcClient) {
    this.#rpc = rpc;
  }

  decide(request: PayloadInputOf<typeof decideGate>, context: CallContext, timeoutMs: number): Promise<RpcReply<RunRecord>> {
    return this.#rpc.call(decideGate, { context, payload: request, timeoutMs });
  }
}
