import { cancelHeld, pauseWithAutomation, releaseHeld, type AutomationStatuses, type PauseOptions } from '@cs/automation-application';
import { holdsRuns } from '@cs/automation-domain';
import { listRuns, localImplicitTenant, parseLogSubject, statusSubjects, streams, type AggregateRef, type RunRecord, type TenantContext } from '@cs/contracts';
import { decodeCommit, done, giveUp, retryLater, type ConsumerOutcome } from '@cs/eventing';
import type { ConsumerDefinition, ConsumerMessage } from '@cs/jetstream';
import { isJsonObject, toPosition } from '@cs/kernel';
import type { RpcClient } from '@cs/platform';

interface Options extends PauseOptions {
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
const runsOf = async ({ rpc }: Options, { tenant, ...filter }: Page): Promise<readonly RunRecord[] | undefined> => {
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

type Act = typeof releaseHeld | typeof pauseWithAutomation;

/** What an automation's status means to its runs. One that was deleted while it was paused will never let the held ones go on. */
const actsOf = (status: string): readonly (readonly [status: Page['status'], act: Act])[] => {
  if (!holdsRuns(status)) return [['queued', releaseHeld]];
  return [['running', pauseWithAutomation], ...(status === 'deleted_paused' ? ([['queued', cancelHeld]] as const) : [])];
};

/** Does to every run of an automation, however many there are, what its status asks for. */
const follow = async (message: ConsumerMessage, options: Options): Promise<ConsumerOutcome> => {
  const parsed = parseLogSubject(message.subject);
  if (parsed === undefined) return giveUp(`"${message.subject}" is no commit of an automation`);
  const { ref } = parsed;
  for (const [status, act] of actsOf(await options.automations.readStatus(ref, ref.id))) {
    const runs = await runsOf(options, { tenant: tenantOf(message, ref), automation_id: ref.id, status, min_position: message.position });
    if (runs === undefined) return retryLater(1000, 'the runs of the automation cannot be listed now');
    for (const run of runs) {
      const definition = await options.definitions.get(ref, run.workflow_definition_snapshot_hash);
      await act(options, { ref: { ...ref, aggregate: 'run', id: run.run_id }, definition, automation_id: ref.id });
    }
  }
  return done;
};

/** Follows the status of automations. A commit that is handled late does what the status of now asks for. */
export const pausedAutomations = (options: Options): ConsumerDefinition => ({
  durable: 'runner--automation-status', stream: streams.log.name, filters: [statusSubjects('automation', 'paused'), statusSubjects('automation', 'active'), statusSubjects('automation', 'draft'), statusSubjects('automation', 'deleted'), statusSubjects('automation', 'deleted_paused')],
  ackWaitMs: 30_000, maxInFlight: 16, maxDeliver: 1000, handle: (message) => follow(message, options),
});
