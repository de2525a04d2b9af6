import { deciderKeysOf, openApproverKeys } from '@cs/approval-domain';
import { ownerKeysOf } from '@cs/automation-domain';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getHumanRequest, listHumanRequests, type CallContext, type PayloadOf, type ReplyOf, type RpcReply } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import { refusal } from '@cs/platform';
import type { AskedReader, HumanRequestFilter, HumanRequestQueries, Reader } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { HUMAN_REQUEST_QUERIES, READS } from './tokens.js';

/** Whoever is asked by name, role or group. What everybody is asked is seen with its automation. */
const readerOf = (reader: Reader, context: CallContext): AskedReader => ({ ...reader, asked_keys: deciderKeysOf(context).filter((key) => !openApproverKeys.includes(key)) });

type List = PayloadOf<typeof listHumanRequests>;

const filterOf = ({ kind, status, run_id, automation_id, agent, since_ms, until_ms, mine }: List, { verified }: CallContext): HumanRequestFilter =>
  definedMembers({ kind, status, run_id, automation_id, agent, since_ms, until_ms, open_to_owner: mine === true ? (ownerKeysOf(verified) ?? null) : undefined });

/** Nobody but a person is asked. */
const asksNobody = ({ mine }: List, { actor }: CallContext): boolean => mine === true && actor.kind !== 'human';

/** What runs ask people for outside of gates. */
@Controller()
export class HumanRequestsController {
  readonly #list;
  readonly #get;

  constructor(@Inject(READS) reads: Reads, @Inject(HUMAN_REQUEST_QUERIES) queries: HumanRequestQueries) {
    this.#list = reads.answer(listHumanRequests, async (payload, reader, context) => {
      const page = pageOf(payload);
      if (page === undefined) return invalidCursor();
      if (asksNobody(payload, context)) return { ok: true, value: { items: [] } };
      return toAnswer(await queries.humanRequests(readerOf(reader, context), filterOf(payload, context), page), (item) => item);
    });
    this.#get = reads.answer(getHumanRequest, async ({ request_id }, reader, context) => {
      const value = await queries.humanRequest(readerOf(reader, context), request_id);
      return value === undefined ? refusal('AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND', `nothing is asked under "${request_id}"`, { requestID: request_id }) : { ok: true, value };
    });
  }

  @MessagePattern(listHumanRequests.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listHumanRequests>>> {
    return this.#list(raw);
  }

  @MessagePattern(getHumanRequest.subject)
  get(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof getHumanRequest>>> {
    return this.#get(raw);
  }
}
