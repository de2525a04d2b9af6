import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { listDeadLetters, listDueWaits, listWatchedRuns, type ReplyOf, type RpcReply } from '@cs/contracts';
import type { ProjectionQueries, ServiceQueries } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { PROJECTION_QUERIES, READS, SERVICE_QUERIES } from './tokens.js';

/** What needs attention: messages set aside, and waits that are overdue. */
@Controller()
export class OperationsController {
  readonly #deadLetters;
  readonly #dueWaits;
  readonly #watchedRuns;

  constructor(@Inject(READS) reads: Reads, @Inject(PROJECTION_QUERIES) queries: ProjectionQueries, @Inject(SERVICE_QUERIES) services: ServiceQueries) {
    this.#deadLetters = reads.answer(listDeadLetters, async (payload, tenant) => {
      const page = pageOf(payload);
      return page ? toAnswer(await queries.deadLetters(tenant, page), (letter) => letter) : invalidCursor();
    });
    this.#dueWaits = reads.answer(listDueWaits, async (range) => ({ ok: true, value: { waits: await services.dueWaits(range) } }));
    this.#watchedRuns = reads.answer(listWatchedRuns, async (range) => ({ ok: true, value: { runs: await services.watchedRuns(range) } }));
  }

  @MessagePattern(listDeadLetters.subject)
  deadLetters(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listDeadLetters>>> {
    return this.#deadLetters(raw);
  }

  @MessagePattern(listWatchedRuns.subject)
  watchedRuns(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listWatchedRuns>>> {
    return this.#watchedRuns(raw);
  }

  @MessagePattern(listDueWaits.subject)
  dueWaits(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listDueWaits>>> {
    return this.#dueWaits(raw);
  }
}
