import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getAutomation, listAutomations, type AutomationRecord, type ReplyOf, type RpcReply } from '@cs/contracts';
import { refusal } from '@cs/platform';
import type { ProjectionQueries } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { PROJECTION_QUERIES, READS } from './tokens.js';

/** Automations as they are now. */
@Controller()
export class AutomationsController {
  readonly #get;
  readonly #list;

  constructor(@Inject(READS) reads: Reads, @Inject(PROJECTION_QUERIES) queries: ProjectionQueries) {
    this.#get = reads.answer(getAutomation, async ({ automation_id }, tenant) => {
      const value = await queries.automation(tenant, automation_id);
      return value ? { ok: true, value } : refusal('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
    });
    this.#list = reads.answer(listAutomations, async (payload, tenant) => {
      const page = pageOf(payload);
      return page ? toAnswer(await queries.automations(tenant, page), (automation) => automation) : invalidCursor();
    });
  }

  @MessagePattern(getAutomation.subject)
  get(@Payload() raw: unknown): Promise<RpcReply<AutomationRecord>> {
    return this.#get(raw);
  }

  @MessagePattern(listAutomations.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listAutomations>>> {
    return this.#list(raw);
  }
}
