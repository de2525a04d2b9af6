import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { replayRun, type RpcReply, type RunReplay } from '@cs/contracts';
import { refusal } from '@cs/platform';
import type { Reads } from './reads.js';
import type { RunReplays } from './run-replays.js';
import { READS, RUN_REPLAYS } from './tokens.js';

const tooLate = (lastSeq: number): RpcReply<never> => {
  const problem = { path: 'as_of_seq', code: 'too_late', message: `the run has ${lastSeq} events; ask for one from 1 to ${lastSeq}` };
  return refusal('REQUEST_QUERY_INVALID', `as_of_seq: ${problem.message}`, { problems: [problem] });
};

/** Runs as the log leads to them. */
@Controller()
export class ReplayController {
  readonly #replay;

  constructor(@Inject(READS) reads: Reads, @Inject(RUN_REPLAYS) replays: RunReplays) {
    this.#replay = reads.answer(replayRun, async ({ run_id, as_of_seq }, reader): Promise<RpcReply<RunReplay>> => {
      const found = await replays.replay(reader, run_id, as_of_seq);
      if (found.kind === 'not found') return refusal('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });
      return found.kind === 'too late' ? tooLate(found.lastSeq) : { ok: true, value: found.replay };
    });
  }

  @MessagePattern(replayRun.subject)
  replay(@Payload() raw: unknown): Promise<RpcReply<RunReplay>> {
    return this.#replay(raw);
  }
}
