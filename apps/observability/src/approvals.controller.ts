import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getApproval, listDecidedApprovals, listPendingApprovals, type ApprovalRequest, type CallContext, type Page, type ReplyOf, type RpcReply } from '@cs/contracts';
import { refusal } from '@cs/platform';
import { toApprovalRequest, type InboxGate, type InboxQueries, type ItemsPage } from '@cs/read-models';
import { asksElsewhere, decidedFilterOf, inboxReaderOf, mineOf, pendingFilterOf } from './inbox-filters.js';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { CLOCK, INBOX_QUERIES, READS } from './tokens.js';

type List = RpcReply<Page<ApprovalRequest>>;
const nothing: List = { ok: true, value: { items: [] } };

const notFound = (id: string): RpcReply<never> => refusal('APPROVAL_NOT_FOUND', `there is no approval request "${id}"`, { gate_opening_id: id });

/** The inbox: gates that wait for a decision, and what became of others. */
@Controller()
export class ApprovalsController {
  readonly #pending;
  readonly #decided;
  readonly #get;

  constructor(@Inject(READS) reads: Reads, @Inject(INBOX_QUERIES) queries: InboxQueries, @Inject(CLOCK) now: () => number) {
    const shown = (rows: ItemsPage<InboxGate>, context: CallContext): List => toAnswer(rows, (row) => toApprovalRequest(row, { context, at_ms: now() }));
    this.#pending = reads.answer(listPendingApprovals, async (payload, tenant, context) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      if (asksElsewhere(payload, tenant)) return nothing;
      const reader = inboxReaderOf(tenant, context);
      // No key is anybody's who may not decide at all.
      if (payload.mine === true && reader.open_keys.length === 0) return nothing;
      const mine = payload.mine === true ? mineOf(await queries.neededAuthorities(reader), { context, at_ms: now() }) : undefined;
      return shown(await queries.pending(reader, pendingFilterOf(payload, mine), page), context);
    });
    this.#decided = reads.answer(listDecidedApprovals, async (payload, tenant, context) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      return asksElsewhere(payload, tenant) ? nothing : shown(await queries.decided(inboxReaderOf(tenant, context), decidedFilterOf(payload), page), context);
    });
    this.#get = reads.answer(getApproval, async ({ gate_opening_id }, tenant, context): Promise<RpcReply<ApprovalRequest>> => {
      const row = await queries.opening(inboxReaderOf(tenant, context), gate_opening_id);
      return row === undefined ? notFound(gate_opening_id) : { ok: true, value: toApprovalRequest(row, { context, at_ms: now() }) };
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
