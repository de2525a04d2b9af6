import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { observeRun, type RpcReply, type RunObservability } from '@cs/contracts';
import type { JsonText } from '@cs/kernel';
import { refusal } from '@cs/platform';
import { observeRunRows, type RunObservabilityQueries } from '@cs/read-models';
import type { Reads } from './reads.js';
import type { RunSnapshots } from './run-snapshots.js';
import { READS, RUN_OBSERVABILITY, RUN_SNAPSHOTS } from './tokens.js';

/** Everything about one run. */
@Controller()
export class RunObservabilityController {
  readonly #observe;

  constructor(@Inject(READS) reads: Reads, @Inject(RUN_OBSERVABILITY) queries: RunObservabilityQueries, @Inject(RUN_SNAPSHOTS) snapshots: RunSnapshots) {
    this.#observe = reads.answerWritten(observeRun, async ({ run_id, event_limit, snapshot_limit, reliability_limit, audit_limit }, reader): Promise<RpcReply<JsonText<RunObservability>>> => {
      const limits = { event_limit, snapshot_limit, reliability_limit, audit_limit };
      const rows = await queries.observedRun(reader, run_id, limits);
      if (rows === undefined) return refusal('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });
      return { ok: true, value: observeRunRows({ rows, snapshots: await snapshots.ofSources(reader, run_id, rows.snapshots) }, limits) };
    });
  }

  @MessagePattern(observeRun.subject)
  observe(@Payload() raw: unknown): Promise<RpcReply<JsonText<RunObservability>>> {
    return this.#observe(raw);
  }
}
