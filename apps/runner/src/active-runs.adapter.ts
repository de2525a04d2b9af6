import type { ActiveRuns } from '@cs/automation-application';
import { listRuns, type TenantContext } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';

const statuses = ['running', 'queued', 'pausing'] as const;
/** Of each status. All of them can have ended only while the projections are far behind. */
const newest = 20;
/** A fire is not kept waiting for longer: it goes on with what the log knows. */
const patienceMs = 500;

/** Runs of an automation as the observability service knows them. */
export class ProjectedActiveRuns implements ActiveRuns {
  readonly #rpc: RpcClient;

  constructor(rpc: RpcClient) {
    this.#rpc = rpc;
  }

  async find(tenant: TenantContext, automation_id: string): Promise<readonly string[]> {
    const context = { tenant, actor: { kind: 'system', source: 'runner' }, correlation_id: `active-runs-${automation_id}`.slice(0, 128) } as const;
    const replies = await Promise.all(statuses.map((status) => this.#rpc.call(listRuns, { context, payload: { automation_id, status, limit: newest }, timeoutMs: patienceMs })));
    return replies.flatMap((reply) => (reply.ok ? reply.value.items.map(({ run_id }) => run_id) : []));
  }
}
