import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getApproval, listDecidedApprovals, listPendingApprovals, type ApprovalRequest, type Page, type ReplyOf, type RpcReply } from '@cs/contracts';
import { refusal } from '@cs/platform';
import { toApprovalRequest, type Asker, type InboxGate, type InboxQueries, type ItemsPage } from '@cs/read-models';
import { asksElsewhere, decidedFilterOf, inboxReaderOf, mineOf, pendingFilterOf, type AskerOf } from './inbox-filters.js';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { ASKER, INBOX_QUERIES, READS } from './tokens.js';

type List = RpcReply<Page<ApprovalRequest>>;
const nothing: List = { ok: true, value: { items: [] } };

const notFound = (id: string): RpcReply<never> => refusal('APPROVAL_NOT_FOUND', `there is no approval request "${id}"`, { gate_opening_id: id });

/** The inbox: gates that wait for a decision, and what became of others. */
@Controller()
export class ApprovalsController {
  readonly #pending;
  readonly #decided;
  readonly #get;

  constructor(@Inject(READS) reads: Reads, @Inject(INBOX_QUERIES) queries: InboxQueries, @Inject(ASKER) askerOf: AskerOf) {
    const shown = (rows: ItemsPage<InboxGate>, asker: Asker): List => toAnswer(rows, (row) => toApprovalRequest(row, asker));
    this.#pending = reads.answer(listPendingApprovals, async (payload, tenant, context) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      if (asksElsewhere(payload, tenant)) return nothing;
      const asker = await askerOf(tenant, context);
      const reader = inboxReaderOf(tenant, asker);
      // No key is anybody's who may not decide at all.
      if (payload.mine === true && reader.open_keys.length === 0) return nothing;
      const mine = payload.mine === true ? mineOf(await queries.neededAuthorities(reader), asker) : undefined;
      return shown(await queries.pending(reader, pendingFilterOf(payload, mine), page), asker);
    });
    this.#decided = reads.answer(listDecidedApprovals, async (payload, tenant, context) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      if (asksElsewhere(payload, tenant)) return nothing;
      const asker = await askerOf(tenant, context);
      return shown(await queries.decided(inboxReaderOf(tenant, asker), decidedFilterOf(payload), page), asker);
    });
    this.#get = reads.answer(getApproval, async ({ gate_opening_id }, tenant, context): Promise<RpcReply<ApprovalRequest>> => {
      const asker = await askerOf(tenant, context);
      const row = await queries.opening(inboxReaderOf(tenant, asker), gate_opening_id);
      return row === undefined ? notFound(gate_opening_id) : { ok: true, value: toApprovalRequest(row, asker) };
    });
  }

  @MessagePattern(listPendingApprovals.subject)
  pending(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listPendingApprovals>>> {
    return this.#pending(raw);
  }

  @MessagePattern(listDecidedApprovals.subject)
  decided(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listDecidedApprovals>>> {
    return this.#decided(raw);
  }

  @MessagePattern(getApproval.subject)
  get(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof getApproval>>> {
    return this.#get(raw);
  }
}
