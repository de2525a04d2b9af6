import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { listRunWaits, listWaits, type PayloadOf, type ReplyOf, type RpcReply } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import { refusal } from '@cs/platform';
import { decodeWaitCursor, encodeWaitCursor, type ProjectionQueries, type Reader, type WaitFilter, type WaitQueries } from '@cs/read-models';
import { invalidCursor, type Reads } from './reads.js';
import { PROJECTION_QUERIES, READS, WAIT_QUERIES } from './tokens.js';

type WaitList = RpcReply<ReplyOf<typeof listWaits>>;

type Query = PayloadOf<typeof listWaits>;

const filterOf = ({ run_id, kind, status }: Query): WaitFilter => definedMembers({ run_id, kind, status });

const list = async (waits: WaitQueries, tenant: Reader, query: Query): Promise<WaitList> => {
  const after = query.cursor === undefined ? undefined : decodeWaitCursor(query.cursor);
  if (query.cursor !== undefined && after === undefined) return invalidCursor();
  const { items, next } = await waits.waits(tenant, filterOf(query), { limit: query.limit, ...definedMembers({ after }) });
  return { ok: true, value: { items, ...(next === undefined ? {} : { next_cursor: encodeWaitCursor(next) }) } };
};

/** What runs wait for, and how that ended. */
@Controller()
export class WaitsController {
  readonly #list;
  readonly #ofRun;

  constructor(@Inject(READS) reads: Reads, @Inject(PROJECTION_QUERIES) queries: ProjectionQueries, @Inject(WAIT_QUERIES) waits: WaitQueries) {
    this.#list = reads.answer(listWaits, (payload, tenant) => list(waits, tenant, payload));
    this.#ofRun = reads.answer(listRunWaits, async (payload, tenant) => {
      const run = await queries.run(tenant, payload.run_id);
      if (run === undefined) return refusal('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${payload.run_id}"`, { runID: payload.run_id });
      return await list(waits, tenant, payload);
    });
  }

  @MessagePattern(listWaits.subject)
  list(@Payload() raw: unknown): Promise<WaitList> {
    return this.#list(raw);
  }

  @MessagePattern(listRunWaits.subject)
  ofRun(@Payload() raw: unknown): Promise<WaitList> {
    return this.#ofRun(raw);
  }
}
