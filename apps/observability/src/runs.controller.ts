import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getRun, getStatefulRun, listRunEvents, listRuns, listStatefulRuns, type ReplyOf, type RpcReply, type RunRecord } from '@cs/contracts';
import { JsonText, jsonObjectText } from '@cs/kernel';
import { refusal } from '@cs/platform';
import { statefulStatusesOf, toRunRecord, toStatefulRun, type ProjectionQueries, type Reader, type StoredRun } from '@cs/read-models';
import type { ShownRun } from './imported-runs.js';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { asksForNoRun, runFilterOf } from './run-filters.js';
import { newestWritten, type RunHistories } from './run-histories.js';
import { PROJECTION_QUERIES, READS, RUN_HISTORIES } from './tokens.js';

const noRun = (run_id: string): RpcReply<never> => refusal('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run_id}"`, { runID: run_id });
const noStatefulRun = (run_id: string): RpcReply<never> => refusal('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });

const record = ({ run }: StoredRun): RunRecord => toRunRecord(run);

type Shown = JsonText<ReplyOf<typeof getStatefulRun>>;
const written = ({ run, events, snapshots }: ShownRun): Shown => new JsonText(jsonObjectText({ run, events, snapshots: newestWritten(snapshots).snapshots }));

/** A reader who sees some automations only is told that another one is not there, instead of an empty list. */
const hides = async (queries: ProjectionQueries, reader: Reader, automation_id: string | undefined): Promise<RpcReply<never> | undefined> => {
  if (automation_id === undefined || reader.viewer_keys === undefined || (await queries.automation(reader, automation_id)) !== undefined) return undefined;
  return refusal('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
};

/** Runs, as records and as stateful views, and their timelines. */
@Controller()
export class RunsController {
  readonly #get;
  readonly #list;
  readonly #getStateful;
  readonly #listStateful;
  readonly #events;

  constructor(@Inject(READS) reads: Reads, @Inject(PROJECTION_QUERIES) queries: ProjectionQueries, @Inject(RUN_HISTORIES) { own, imported }: RunHistories) {
    this.#get = reads.answer(getRun, async ({ run_id }, tenant) => {
      const found = await queries.run(tenant, run_id);
      return found ? { ok: true, value: record(found) } : noRun(run_id);
    });
    this.#list = reads.answer(listRuns, async ({ automation_id, status, ...payload }, tenant) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      const filter = { ...(automation_id === undefined ? {} : { automation_id }), ...(status === undefined ? {} : { statuses: statefulStatusesOf(status) }) };
      return (await hides(queries, tenant, automation_id)) ?? toAnswer(await queries.runs(tenant, filter, page), record);
    });
    this.#getStateful = reads.answerWritten(getStatefulRun, async ({ run_id, event_limit, snapshot_limit }, tenant): Promise<RpcReply<Shown>> => {
      const [found, events, snapshots] = await Promise.all([
        queries.run(tenant, run_id), queries.runEvents(tenant, run_id, { limit: event_limit, tail: true }), own.snapshots(tenant, run_id, { limit: snapshot_limit }),
      ]);
      const shown = found && events && snapshots ? { run: toStatefulRun(found), events, snapshots } : await imported.run(tenant, run_id, { event_limit, snapshot_limit });
      return shown ? { ok: true, value: written(shown) } : noStatefulRun(run_id);
    });
    this.#listStateful = reads.answer(listStatefulRuns, async (payload, tenant) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      return asksForNoRun(payload, tenant) ? { ok: true, value: { items: [] } } : imported.listed(tenant, payload, { page, own: await queries.runs(tenant, runFilterOf(payload), page) });
    });
    this.#events = reads.answer(listRunEvents, async ({ run_id, after_seq, before_seq, limit, tail }, tenant) => {
      const range = { limit, tail, ...(after_seq === undefined ? {} : { after_seq }), ...(before_seq === undefined ? {} : { before_seq }) };
      const events = (await queries.runEvents(tenant, run_id, range)) ?? (await imported.events(tenant, run_id, range));
      return events ? { ok: true, value: { run_id, events, count: events.length } } : noStatefulRun(run_id);
    });
  }

  @MessagePattern(getRun.subject)
  get(@Payload() raw: unknown): Promise<RpcReply<RunRecord>> {
    return this.#get(raw);
  }

  @MessagePattern(listRuns.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listRuns>>> {
    return this.#list(raw);
  }

  @MessagePattern(getStatefulRun.subject)
  getStateful(@Payload() raw: unknown): Promise<RpcReply<Shown>> {
    return this.#getStateful(raw);
  }

  @MessagePattern(listStatefulRuns.subject)
  listStateful(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listStatefulRuns>>> {
    return this.#listStateful(raw);
  }

  @MessagePattern(listRunEvents.subject)
  events(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listRunEvents>>> {
    return this.#events(raw);
  }
}
