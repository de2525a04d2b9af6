import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getDeadLetter, listReliability, listRetryDue, type PayloadOf, type ReplyOf, type RpcReply } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import { refusal } from '@cs/platform';
import type { RecoveryQueries, ReliabilityFilter, ReliabilityQueries, ReliabilityRange } from '@cs/read-models';
import type { Reads } from './reads.js';
import { hasRun, type RunHistories } from './run-histories.js';
import { READS, RELIABILITY_QUERIES, RUN_HISTORIES } from './tokens.js';

type Query = PayloadOf<typeof listReliability>;

const filterOf = ({ run_id, status, source_type, active_recovery_only, before_created_at_ms }: Query): ReliabilityFilter => ({ active_recovery_only, ...definedMembers({ run_id, status, source_type, before_created_at_ms }) });

const rangeOf = ({ limit, after_id, after_collection }: Query): ReliabilityRange => ({ limit, ...(after_id === undefined ? {} : { after: { id: after_id, ...definedMembers({ collection: after_collection }) } }) });

const notFound = (run_id: string): RpcReply<never> => refusal('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });

/** The reliability ledger, and what of it is due. */
@Controller()
export class ReliabilityController {
  readonly #list;
  readonly #due;
  readonly #letter;

  constructor(@Inject(READS) reads: Reads, @Inject(RUN_HISTORIES) runs: RunHistories, @Inject(RELIABILITY_QUERIES) ledger: ReliabilityQueries & RecoveryQueries) {
    this.#list = reads.answer(listReliability, async (payload, reader) => {
      const { of_run, run_id } = payload;
      if (of_run && run_id !== undefined && !(await hasRun(runs, reader, run_id))) return notFound(run_id);
      return { ok: true, value: await ledger.ledger(reader, filterOf(payload), rangeOf(payload)) };
    });
    this.#letter = reads.answer(getDeadLetter, async ({ dead_letter_id }, reader) => {
      const letter = await ledger.deadLetter(reader, dead_letter_id);
      return letter === undefined ? refusal('stateful_dead_letter_not_found', `there is no dead letter "${dead_letter_id}"`, { dead_letter_id }) : { ok: true, value: letter };
    });
    this.#due = reads.answer(listRetryDue, async (range) => ({ ok: true, value: { due: await ledger.due(range) } }));
  }

  @MessagePattern(listReliability.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listReliability>>> {
    return this.#list(raw);
  }

  @MessagePattern(getDeadLetter.subject)
  letter(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof getDeadLetter>>> {
    return this.#letter(raw);
  }

  @MessagePattern(listRetryDue.subject)
  due(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listRetryDue>>> {
    return this.#due(raw);
  }
}
