import type { AvailableHandoffs, FindHandoffs } from '@cs/automation-application';
import { listAvailableHandoffs, type HandoffRecord, type TenantContext } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';

/** Handoffs may be large: so many fit one answer. */
const pageSize = 10;

/** Approved handoffs as the observability service knows them. */
export class ProjectedHandoffs implements AvailableHandoffs {
  readonly #rpc: Pick<RpcClient, 'call'>;

  constructor(rpc: Pick<RpcClient, 'call'>) {
    this.#rpc = rpc;
  }

  /** Page by page, up to the first that has usable ones. */
  async find(tenant: TenantContext, automation_id: string, { condition, position, isUsable }: FindHandoffs): Promise<readonly HandoffRecord[]> {
    const context = { tenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'watch-conditions' } as const;
    const { source_automation_id, artifact_type } = condition;
    let after: { readonly created_at_ms: number; readonly handoff_id: string } | undefined;
    for (;;) {
      const reply = await this.#rpc.call(listAvailableHandoffs, { context, payload: { automation_id, source_automation_id, artifact_type, min_position: position, limit: pageSize, after } });
      const page = reply.ok ? reply.value.handoffs : [];
      const usable = page.filter(isUsable);
      const last = page.at(-1);
      if (usable.length > 0 || last === undefined || page.length < pageSize || last.handoff_id === after?.handoff_id) return usable;
      after = { created_at_ms: last.created_at_ms, handoff_id: last.handoff_id };
    }
  }
}
