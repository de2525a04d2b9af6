import { externalKey, toRunRecord, type ResolveWait } from '@cs/automation-domain';
import { maxResolutionPayloadBytes, type AggregateRef, type CallContext, type Problem, type ResolvedWait, type Run } from '@cs/contracts';
import { accepted, refused, utf8Bytes, type Json, type Result } from '@cs/kernel';
import { runAccess } from './access-check.js';
import { validationProblems } from './json-schema.js';
import { commandWait, endedWait, loadRun, type LoadedRun, type WakeOptions } from './wait-ending.js';

export interface WaitResolution {
  readonly run_id: string;
  readonly wait_id: string;
  readonly idempotency_key: string;
  /** Absent: null. */
  readonly payload?: Json | undefined;
}

export interface Resolved extends ResolvedWait {
  readonly position: number;
}

const refOf = ({ tenant }: CallContext, run_id: string): AggregateRef => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id });

/** Its open wait says what may be sent; for a wait that is over, what ended it is the answer. */
const payloadProblems = (run: Run, wait_id: string, payload: Json): readonly Problem[] => {
  const wait = run.checkpoint.open_waits.find((open) => open.wait_id === wait_id && open.wait_kind === 'external_condition');
  return wait?.payload_schema === undefined ? [] : validationProblems(wait.payload_schema, payload, 'payload');
};

const refusePayload = (run: Run, wait_id: string, payload: Json): Result<never> | undefined => {
  const bytes = utf8Bytes(JSON.stringify(payload));
  if (bytes > maxResolutionPayloadBytes) return refused('AUTOMATION_V2_WAIT_PAYLOAD_TOO_LARGE', `the payload has ${bytes} bytes; at most ${maxResolutionPayloadBytes} are taken`, { bytes });
  const problems = payloadProblems(run, wait_id, payload);
  const [first] = problems;
  return first && refused('AUTOMATION_V2_WAIT_PAYLOAD_INVALID', `${first.path} ${first.message}`, { problems: problems.map((problem) => ({ ...problem })) });
};

interface Resolving {
  readonly loaded: LoadedRun;
  readonly run: Run;
  readonly command: ResolveWait;
}

const end = async (options: WakeOptions, { actor }: CallContext, resolving: Resolving): Promise<Result<Resolved>> => {
  const result = await commandWait(options, { ...resolving, actor });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the run is being written to');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  const { state, position } = result.loaded;
  const wait = endedWait(state, resolving.command.wait_id);
  if (state === undefined || wait === undefined) throw new Error(`wait "${resolving.command.wait_id}" was ended without a trace`);
  return accepted({ run: toRunRecord(state), wait, position });
};

/**
 * Ends an external wait because its condition holds. Exactly one resolution takes effect: the same key
 * again gets the first answer, another one is refused with what ended the wait.
 */
export const resolveWait = async (options: WakeOptions, context: CallContext, { run_id, payload = null, ...resolution }: WaitResolution): Promise<Result<Resolved>> => {
  const loaded = await loadRun(options, refOf(context, run_id));
  const { state: run } = loaded;
  if (run === undefined || run.tenant_context.deployment_id !== context.tenant.deployment_id) {
    return refused('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run_id}"`, { runID: run_id });
  }
  const allowed = await runAccess(options, context, { run, right: 'change' });
  if (!allowed.ok) return allowed;
  const { wait_id, idempotency_key } = resolution;
  const isRepeated = endedWait(run, wait_id)?.wake_idempotency_key === externalKey(wait_id, idempotency_key);
  const refusal = isRepeated ? undefined : refusePayload(run, wait_id, payload);
  return refusal ?? (await end(options, context, { loaded, run, command: { type: 'resolve_wait', ...resolution, payload } }));
};
