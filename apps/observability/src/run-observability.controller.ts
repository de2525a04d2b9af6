import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { observeRun, type RpcReply, type RunObservability } from '@cs/contracts';
import type { JsonText } from '@cs/kernel';
import { refusal } from '@cs/platform';
import { observeRunRows, toStatefulRun, type Observed, type ObservedRows, type Reader, type RunObservabilityQueries } from '@cs/read-models';
import type { Reads } from './reads.js';
import type { RunHistories } from './run-histories.js';
import { READS, RUN_HISTORIES, RUN_OBSERVABILITY } from './tokens.js';

/** Everything about one run. */
@Controller()
export class RunObservabilityController {
  readonly #observe;

  constructor(@Inject(READS) reads: Reads, @Inject(RUN_OBSERVABILITY) queries: RunObservabilityQueries, @Inject(RUN_HISTORIES) { own, imported }: RunHistories) {
    const withSnapshots = async (reader: Reader, rows: ObservedRows): Promise<Observed> => ({ run: toStatefulRun(rows.run), rows, gates: rows.run.run.checkpoint, snapshots: await own.ofSources(reader, rows.run.run.run_id, rows.snapshots) });
    this.#observe = reads.answerWritten(observeRun, async ({ run_id, event_limit, snapshot_limit, reliability_limit, audit_limit }, reader): Promise<RpcReply<JsonText<RunObservability>>> => {
      const limits = { event_limit, snapshot_limit, reliability_limit, audit_limit };
      const rows = await queries.observedRun(reader, run_id, limits);
      const observed = rows === undefined ? await imported.observed(reader, run_id, limits) : await withSnapshots(reader, rows);
      if (observed === undefined) return refusal('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });
      return { ok: true, value: observeRunRows(observed, limits) };
    });
  }

  @MessagePattern(observeRun.subject)
  observe(@Payload() raw: unknown): Promise<RpcReply<JsonText<RunObservability>>> {
    return this.#observe(raw);
  }
}
