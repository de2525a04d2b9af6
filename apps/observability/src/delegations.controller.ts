import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { canonicalIdentity, identityOf } from '@cs/approval-domain';
import { isHumanAdministrator } from '@cs/automation-domain';
import { listDelegations, type CallContext, type PayloadOf, type ReplyOf, type RpcReply } from '@cs/contracts';
import type { Clock } from '@cs/eventing';
import type { DelegationFilter, DelegationQueries } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { CLOCK, DELEGATION_QUERIES, READS } from './tokens.js';

const personOf = (name: string | undefined): string | undefined => (name === undefined ? undefined : canonicalIdentity(name));

/** Everybody's for administrators, one's own for everybody else; `undefined` for who is not known by name. */
const filterOf = ({ delegator, stand_in, status }: PayloadOf<typeof listDelegations>, context: CallContext, at_ms: number): DelegationFilter | undefined => {
  const concerns = isHumanAdministrator(context) ? undefined : identityOf(context.actor);
  if (concerns === undefined && !isHumanAdministrator(context)) return undefined;
  return { concerns, delegator: personOf(delegator), stand_in: personOf(stand_in), status, at_ms };
};

/** Who stands in for whom. */
@Controller()
export class DelegationsController {
  readonly #list;

  constructor(@Inject(READS) reads: Reads, @Inject(DELEGATION_QUERIES) queries: DelegationQueries, @Inject(CLOCK) clock: Clock) {
    this.#list = reads.answer(listDelegations, async (payload, tenant, context) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      const filter = filterOf(payload, context, clock());
      if (filter === undefined) return { ok: true, value: { items: [] } };
      return toAnswer(await queries.delegations(tenant, filter, page), (delegation) => delegation);
    });
  }

  @MessagePattern(listDelegations.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listDelegations>>> {
    return this.#list(raw);
  }
}
