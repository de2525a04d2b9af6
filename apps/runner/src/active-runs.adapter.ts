import type { ActiveRuns } from '@cs/automation-application';
import { listRuns, type TenantContext } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';

const statuses = ['running', 'queued', 'pausing'] as const;
/** A fire is not kept waiting for longer: it goes on with what the log knows. */
const patienceMs = 500;

/** Runs of an automation as the observability service knows them. */
export class ProjectedActiveRuns implements ActiveRuns {
  readonly #rpc: RpcClient;

  constructor(rpc: RpcClient) {
    this.#rpc = rpc;
  }

  async find(tenant: TenantContext, automation_id: string): Promise<string | undefined> {
    const context = { tenant, actor: { kind: 'system', source: 'runner' }, correlation_id: `active-runs-${automation_id}`.slice(0, 128) } as const;
    const replies = await Promise.all(statuses.map((status) => this.#rpc.call(listRuns, { context, payload: { automation_id, status, limit: 1 }, timeoutMs: patienceMs })));
    return replies.flatMap((reply) => (reply.ok ? reply.value.items : []))[0]?.run_id;
  }
}
