import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  handoffConfigSchema, listAvailableHandoffs, listDueSchedules, listHandoffs, listWatchTargets, type HandoffLists, type ReplyOf, type RpcReply,
} from '@cs/contracts';
import { refusal } from '@cs/platform';
import type { HandoffQueries, ProjectionQueries } from '@cs/read-models';
import type { Reads } from './reads.js';
import { HANDOFF_QUERIES, PROJECTION_QUERIES, READS } from './tokens.js';

type Lists = Awaited<ReturnType<HandoffQueries['handoffs']>>;

const countsOf = ({ inbox, approved, archived }: Lists): HandoffLists['counts'] => ({
  inbox: inbox.length, approved: approved.length, archived: archived.length, total: inbox.length + approved.length + archived.length,
});

/** Handoffs between automations, and schedules that are overdue. */
@Controller()
export class HandoffsController {
  readonly #list;
  readonly #available;
  readonly #watchTargets;
  readonly #dueSchedules;

  constructor(@Inject(READS) reads: Reads, @Inject(PROJECTION_QUERIES) queries: ProjectionQueries, @Inject(HANDOFF_QUERIES) handoffs: HandoffQueries) {
    this.#list = reads.answer(listHandoffs, async ({ automation_id }, tenant): Promise<RpcReply<HandoffLists>> => {
      const automation = await queries.automation(tenant, automation_id);
      if (automation === undefined) return refusal('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
      const lists = await handoffs.handoffs(tenant, automation_id);
      return { ok: true, value: { ...lists, counts: countsOf(lists), handoff_config: automation.handoff_config ?? handoffConfigSchema.parse({}) } };
    });
    this.#available = reads.answer(listAvailableHandoffs, async (filter, tenant) => ({ ok: true, value: { handoffs: await handoffs.availableHandoffs(tenant, filter) } }));
    this.#watchTargets = reads.answer(listWatchTargets, async (range) => ({ ok: true, value: { targets: await handoffs.watchTargets(range) } }));
    this.#dueSchedules = reads.answer(listDueSchedules, async (range) => ({ ok: true, value: { schedules: await handoffs.dueSchedules(range) } }));
  }

  @MessagePattern(listHandoffs.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<HandoffLists>> {
    return this.#list(raw);
  }

  @MessagePattern(listAvailableHandoffs.subject)
  available(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listAvailableHandoffs>>> {
    return this.#available(raw);
  }

  @MessagePattern(listWatchTargets.subject)
  watchTargets(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listWatchTargets>>> {
    return this.#watchTargets(raw);
  }

  @MessagePattern(listDueSchedules.subject)
  dueSchedules(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listDueSchedules>>> {
    return this.#dueSchedules(raw);
  }
}
