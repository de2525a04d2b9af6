import { cancelHeld, mayNotExecute, pauseWithAutomation, releaseGoverned, releaseHeld, type AutomationStatuses, type PauseOptions } from '@cs/automation-application';
import { holdsRuns } from '@cs/automation-domain';
import { listRuns, localImplicitTenant, parseLogSubject, statusSubjects, streams, type AggregateRef, type AutomationDefinition, type RunRecord, type TenantContext } from '@cs/contracts';
import { decodeCommit, done, giveUp, retryLater, type ConsumerOutcome } from '@cs/eventing';
import type { ConsumerDefinition, ConsumerMessage } from '@cs/jetstream';
import { isJsonObject, toPosition } from '@cs/kernel';
import type { RpcClient } from '@cs/platform';

export interface FollowOptions extends PauseOptions {
  readonly automations: AutomationStatuses;
  readonly rpc: RpcClient;
}

interface Page {
  readonly tenant: TenantContext;
  readonly automation_id: string;
  readonly status: 'running' | 'queued';
  readonly min_position: number;
}

/** Every run of an automation with a status, page by page; `undefined` when they cannot be read now. */
const runsOf = async ({ rpc }: Pick<FollowOptions, 'rpc'>, { tenant, ...filter }: Page): Promise<readonly RunRecord[] | undefined> => {
  const context = { tenant, actor: { kind: 'system', source: 'runner' }, correlation_id: `automation-${filter.automation_id}`.slice(0, 128) } as const;
  const found: RunRecord[] = [];
  let cursor: string | undefined;
  do {
    const reply = await rpc.call(listRuns, { context, payload: { ...filter, limit: 200, ...(cursor === undefined ? {} : { cursor }) } });
    if (!reply.ok) return undefined;
    found.push(...reply.value.items);
    cursor = reply.value.next_cursor;
  } while (cursor !== undefined);
  return found;
};

const tenantOf = (message: ConsumerMessage, ref: AggregateRef): TenantContext => {
  const { commit } = decodeCommit({ ref, status: '' }, { position: toPosition(message.position), body: message.text() });
  const data = commit.events.at(-1)?.data;
  return isJsonObject(data) && isJsonObject(data['tenant_context']) ? (data['tenant_context'] as unknown as TenantContext) : { ...localImplicitTenant, org_id: ref.org_id, workspace_id: ref.workspace_id };
};

interface FollowedRun {
  readonly run: RunRecord;
  readonly ref: AggregateRef;
  readonly definition: AutomationDefinition;
  readonly automation_id: string;
}
type Act = (options: FollowOptions, followed: FollowedRun) => Promise<unknown>;

/** Judged for each run on the log as it is now: what was allowed before goes on. */
export const pauseForbidden: Act = async (options, { run, ...of }) => {
  const reason = await mayNotExecute(options, run, of.definition);
  if (reason !== undefined) await pauseWithAutomation(options, { ...of, reason });
};

export const letGoOn: Act = async (options, { run: _run, ...of }) => {
  await releaseHeld(options, of);
  await releaseGoverned(options, of.ref);
};

const endHeld: Act = (options, { run: _run, ...of }) => cancelHeld(options, of);

type Acts = readonly (readonly [status: Page['status'], act: Act])[];

/** What an automation's status means to its runs. One that was deleted while it was paused will never let the held ones go on. */
const actsOf = (status: string): Acts => {
  if (!holdsRuns(status)) return [['queued', letGoOn]];
  if (status === 'held') return [['running', pauseForbidden], ['queued', letGoOn]];
  return [['running', pauseForbidden], ...(status === 'deleted_paused' ? ([['queued', endHeld]] as const) : [])];
};

export interface Followed {
  readonly tenant: TenantContext;
  readonly automation_id: string;
  readonly min_position: number;
  readonly acts: Acts;
}

const actOn = async (options: FollowOptions, act: Act, { run, tenant: { org_id, workspace_id }, automation_id }: Pick<Followed, 'tenant' | 'automation_id'> & { readonly run: RunRecord }): Promise<void> => {
  const definition = await options.definitions.get({ org_id, workspace_id }, run.workflow_definition_snapshot_hash);
  await act(options, { run, ref: { org_id, workspace_id, aggregate: 'run', id: run.run_id }, definition, automation_id });
};

/**
 * Does something to every run of an automation, however many there are. False when they cannot be listed now.
 * Throws when it could not be done to all of them; those behind one that fails do not wait for it.
 */
export const followRuns = async (options: FollowOptions, { acts, ...of }: Followed): Promise<boolean> => {
  const failures: unknown[] = [];
  for (const [status, act] of acts) {
    const runs = await runsOf(options, { ...of, status });
    if (runs === undefined) return false;
    for (const run of runs) await actOn(options, act, { ...of, run }).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw new Error(`${failures.length} runs of automation "${of.automation_id}" could not follow it`, { cause: failures[0] });
  return true;
};

/** Such commits come with every run that starts, and say nothing to the others. */
const saysNothing = (message: ConsumerMessage, ref: AggregateRef): boolean => {
  const { commit } = decodeCommit({ ref, status: '' }, { position: toPosition(message.position), body: message.text() });
  return commit.events.every(({ event_type }) => event_type === 'automation_launch_admitted');
};

/** Does to every run of an automation what its status asks for. */
const follow = async (message: ConsumerMessage, options: FollowOptions): Promise<ConsumerOutcome> => {
  const parsed = parseLogSubject(message.subject);
  if (parsed === undefined) return giveUp(`"${message.subject}" is no commit of an automation`);
  const { ref } = parsed;
  if (saysNothing(message, ref)) return done;
  const acts = actsOf(await options.automations.readStatus(ref, ref.id));
  const isFollowed = await followRuns(options, { tenant: tenantOf(message, ref), automation_id: ref.id, min_position: message.position, acts });
  return isFollowed ? done : retryLater(1000, 'the runs of the automation cannot be listed now');
};

const tokens = ['paused', 'held', 'active', 'draft', 'deleted', 'deleted_paused'];

/** Follows the status of automations. A commit that is handled late does what the status of now asks for. */
export const pausedAutomations = (options: FollowOptions): ConsumerDefinition => ({
  durable: 'runner--automation-status', stream: streams.log.name, filters: tokens.map((token) => statusSubjects('automation', token)),
  ackWaitMs: 30_000, maxInFlight: 16, maxDeliver: 1000, handle: (message) => follow(message, options),
});
