import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { listGovernanceApprovals, listGovernanceReviews, listGovernedAgents, type ReplyOf, type RpcReply } from '@cs/contracts';
import { systemClock } from '@cs/platform';
import type { GovernanceQueries } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { GOVERNANCE_QUERIES, READS } from './tokens.js';

/** What people are asked to allow, what they have to review, and what agents use. */
@Controller()
export class GovernanceController {
  readonly #approvals;
  readonly #reviews;
  readonly #agents;

  constructor(@Inject(READS) reads: Reads, @Inject(GOVERNANCE_QUERIES) queries: GovernanceQueries) {
    this.#approvals = reads.answer(listGovernanceApprovals, async ({ status, approval_type, automation_id, agent_id, ...payload }, reader) => {
      const page = pageOf(payload);
      return page ? toAnswer(await queries.governanceApprovals(reader, { status, approval_type, automation_id, agent_id, now_ms: systemClock() }, page), (approval) => approval) : invalidCursor();
    });
    this.#reviews = reads.answer(listGovernanceReviews, async (payload, reader) => {
      const page = pageOf(payload);
      return page ? toAnswer(await queries.governanceReviews(reader, page), (review) => review) : invalidCursor();
    });
    this.#agents = reads.answer(listGovernedAgents, async (payload, reader) => {
      const page = pageOf(payload);
      return page ? toAnswer(await queries.governedAgents(reader, page), (agent) => agent) : invalidCursor();
    });
  }

  @MessagePattern(listGovernanceApprovals.subject)
  approvals(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listGovernanceApprovals>>> {
    return this.#approvals(raw);
  }

  @MessagePattern(listGovernanceReviews.subject)
  reviews(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listGovernanceReviews>>> {
    return this.#reviews(raw);
  }

  @MessagePattern(listGovernedAgents.subject)
  agents(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listGovernedAgents>>> {
    return this.#agents(raw);
  }
}
