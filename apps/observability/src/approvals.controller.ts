import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { listPendingApprovals, type PayloadOf, type ReplyOf, type RpcReply } from '@cs/contracts';
import { toApprovalRequest, type ProjectionQueries, type TenantKey } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { PROJECTION_QUERIES, READS } from './tokens.js';

/** Whoever asks for another tenant's inbox, or for a source that does not exist, finds it empty. */
const asksElsewhere = ({ source, org_id, workspace_id }: PayloadOf<typeof listPendingApprovals>, tenant: TenantKey): boolean =>
  (source ?? 'automation_v2') !== 'automation_v2' || (org_id ?? tenant.org_id) !== tenant.org_id || (workspace_id ?? tenant.workspace_id) !== tenant.workspace_id;

/** The inbox: gates that wait for a decision. */
@Controller()
export class ApprovalsController {
  readonly #pending;

  constructor(@Inject(READS) reads: Reads, @Inject(PROJECTION_QUERIES) queries: ProjectionQueries) {
    this.#pending = reads.answer(listPendingApprovals, async (payload, tenant) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      if (asksElsewhere(payload, tenant)) return { ok: true, value: { items: [] } };
      return toAnswer(await queries.openGates(tenant, page), toApprovalRequest);
    });
  }

  @MessagePattern(listPendingApprovals.subject)
  pending(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listPendingApprovals>>> {
    return this.#pending(raw);
  }
}
