import type { AvailableHandoffs } from '@cs/automation-application';
import { listAvailableHandoffs, type HandoffRecord, type TenantContext, type WatchCondition } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';

/** Approved handoffs as the observability service knows them. */
export class ProjectedHandoffs implements AvailableHandoffs {
  readonly #rpc: RpcClient;

  constructor(rpc: RpcClient) {
    this.#rpc = rpc;
  }

  async find(tenant: TenantContext, automation_id: string, { condition, position }: { condition: WatchCondition; position: number }): Promise<readonly HandoffRecord[]> {
    const context = { tenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'watch-conditions' } as const;
    const { source_automation_id, artifact_type } = condition;
    const reply = await this.#rpc.call(listAvailableHandoffs, { context, payload: { automation_id, source_automation_id, artifact_type, min_position: position } });
    return reply.ok ? reply.value.handoffs : [];
  }
}
