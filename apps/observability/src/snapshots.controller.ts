import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getRunSnapshot, listRunSnapshots, type ReplyOf, type RpcReply } from '@cs/contracts';
import { JsonText, jsonObjectText } from '@cs/kernel';
import { refusal } from '@cs/platform';
import type { Reads } from './reads.js';
import { newestWritten, snapshotsOf, type RunHistories } from './run-histories.js';
import { READS, RUN_HISTORIES } from './tokens.js';

type Listed = JsonText<ReplyOf<typeof listRunSnapshots>>;

const noRun = (run_id: string): RpcReply<never> => refusal('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });

/** What runs were after their events. */
@Controller()
export class SnapshotsController {
  readonly #list;
  readonly #get;

  constructor(@Inject(READS) reads: Reads, @Inject(RUN_HISTORIES) histories: RunHistories) {
    this.#list = reads.answerWritten(listRunSnapshots, async ({ run_id, limit, before_seq }, reader): Promise<RpcReply<Listed>> => {
      const snapshots = await snapshotsOf(histories, reader, { run_id, limit, before_seq });
      return snapshots === undefined ? noRun(run_id) : { ok: true, value: new JsonText(jsonObjectText({ run_id, ...newestWritten(snapshots) })) };
    });
    this.#get = reads.answer(getRunSnapshot, async ({ run_id, snapshot_id }, reader): Promise<RpcReply<ReplyOf<typeof getRunSnapshot>>> => {
      const found = await snapshotsOf(histories, reader, { run_id, snapshot_id });
      if (found === undefined) return noRun(run_id);
      const [snapshot] = found;
      return snapshot === undefined ? refusal('stateful_snapshot_not_found', `the run has no snapshot "${snapshot_id}"`, { run_id, snapshot_id }) : { ok: true, value: { snapshot } };
    });
  }

  @MessagePattern(listRunSnapshots.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<Listed>> {
    return this.#list(raw);
  }

  @MessagePattern(getRunSnapshot.subject)
  get(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof getRunSnapshot>>> {
    return this.#get(raw);
  }
}
