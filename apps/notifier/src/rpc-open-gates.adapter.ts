import { listPendingApprovals, type TenantContext } from '@cs/contracts';
import type { OpenGates } from '@cs/notification';
import type { RpcClient } from '@cs/platform';

const pageSize = 100;

/** The inbox of a workspace, asked over the message broker. */
export class RpcOpenGates implements OpenGates {
  readonly #rpc: Pick<RpcClient, 'call'>;

  constructor(rpc: Pick<RpcClient, 'call'>) {
    this.#rpc = rpc;
  }

  async page(tenant: TenantContext, after: string | undefined): ReturnType<OpenGates['page']> {
    const context = { tenant, actor: { kind: 'system', source: 'notifier' }, correlation_id: 'open-gates-sweep' } as const;
    const reply = await this.#rpc.call(listPendingApprovals, { context, payload: { limit: pageSize, cursor: after } });
    if (!reply.ok) throw new Error(`the inbox was refused: ${reply.refusal.message}`);
    const { items, next_cursor } = reply.value;
    return { gates: items, ...(next_cursor === undefined ? {} : { next: next_cursor }) };
  }
}
