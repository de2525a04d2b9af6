import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getResumePlan, type ReplyOf, type RpcReply } from '@cs/contracts';
import { refusal } from '@cs/platform';
import { resumePlan, type ProjectionQueries, type ResumePlanQueries } from '@cs/read-models';
import type { Reads } from './reads.js';
import { PROJECTION_QUERIES, READS, RESUME_PLAN_QUERIES } from './tokens.js';

/** What recovery has to do in a run. */
@Controller()
export class ResumePlanController {
  readonly #plan;

  constructor(@Inject(READS) reads: Reads, @Inject(PROJECTION_QUERIES) queries: ProjectionQueries, @Inject(RESUME_PLAN_QUERIES) plans: ResumePlanQueries) {
    this.#plan = reads.answer(getResumePlan, async ({ run_id }, reader) => {
      const found = await queries.run(reader, run_id);
      if (found === undefined) return refusal('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });
      return { ok: true, value: resumePlan(found.run, await plans.plannedRecovery(reader, run_id), Date.now()) };
    });
  }

  @MessagePattern(getResumePlan.subject)
  plan(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof getResumePlan>>> {
    return this.#plan(raw);
  }
}
