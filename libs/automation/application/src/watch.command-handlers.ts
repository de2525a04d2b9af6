import { decideWatch, fitsWatch, startsRuns, type TriggerWatch, type WatchState } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, HandoffArtifact, HandoffRecord, TenantContext, WatchCondition, WatchEvent } from '@cs/contracts';
import { done, executeCommand, loadAggregate, retryLater, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import { activeRunOf, type ActiveRunOptions } from './active-run.js';
import { automationAggregate } from './automation.aggregate.js';
import { consumeHandoff } from './consume-handoff.command-handler.js';
import { handoffAggregate } from './handoff.aggregate.js';
import { handoffInput } from './handoff-input.js';
import { inputProblems } from './input-validation.js';
import { createTriggeredRun, derivedRunId, type TriggeredRunOptions } from './triggered-run.js';
import { watchAggregate } from './watch.aggregate.js';

/** Approved handoffs as the projections show them: they lag, and may be away. */
export interface AvailableHandoffs {
  /** Some of those for an automation that fit a condition, the oldest, once the projections hold `position`; none when they cannot be read now. */
  find(tenant: TenantContext, automationId: string, options: FindHandoffs): Promise<readonly HandoffRecord[]>;
}

export interface FindHandoffs {
  readonly condition: WatchCondition;
  readonly position: number;
  /** Whether a run could take it. Those that none can take stay where they are, however many, and are passed over. */
  readonly isUsable: (handoff: HandoffArtifact) => boolean;
}

export interface WatchOptions extends TriggeredRunOptions, ActiveRunOptions {
  readonly handoffs: AvailableHandoffs;
}

/** What made it worth looking: where in the log, and the handoff if it was one. */
export interface WatchHint {
  readonly position: number;
  readonly handoff_id?: string;
}

interface Watching {
  readonly automation_id: string;
  readonly tenant_context: TenantContext;
  readonly definition_hash: string;
  readonly definition_version: string;
  readonly definition: AutomationDefinition;
  readonly conditions: readonly WatchCondition[];
}

/** The automation, if it is active and has watch conditions. */
export const watchingAutomation = async ({ eventing, definitions }: TriggeredRunOptions, ref: AggregateRef): Promise<Watching | undefined> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, { ...ref, aggregate: 'automation' });
  if (state === undefined || !startsRuns(state)) return undefined;
  const definition = await definitions.get(ref, state.definition_hash);
  const conditions = definition.watch_conditions ?? [];
  const { automation_id, tenant_context, definition_hash, definition_version } = state;
  return conditions.length === 0 ? undefined : { automation_id, tenant_context, definition_hash, definition_version, definition, conditions };
};

const usableBy = (definition: AutomationDefinition) => (handoff: HandoffArtifact): boolean => inputProblems(definition, handoffInput(handoff)).length === 0;

/** Ids of handoffs that may be taken, oldest first, each once. The hint's own may not be in the projections yet. */
const candidates = async ({ handoffs }: WatchOptions, { tenant_context, automation_id, conditions, definition }: Watching, { handoff_id, position }: WatchHint): Promise<readonly string[]> => {
  const isUsable = usableBy(definition);
  const found = await Promise.all(conditions.map((condition) => handoffs.find(tenant_context, automation_id, { condition, position, isUsable })));
  const known = found.flat().sort((a, b) => a.created_at_ms - b.created_at_ms || (a.handoff_id < b.handoff_id ? -1 : 1)).map((handoff) => handoff.handoff_id);
  return [...new Set(handoff_id === undefined ? known : [...known, handoff_id])];
};

/** The handoff as the log has it, if it is approved and fits. */
const takeable = async ({ eventing }: WatchOptions, { ref, watching }: { ref: AggregateRef; watching: Watching }, id: string): Promise<HandoffArtifact | undefined> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: handoffAggregate }, { ...ref, aggregate: 'handoff', id });
  if (state?.status !== 'approved' || state.handoff.target_automation_id !== watching.automation_id) return undefined;
  const fits = watching.conditions.some((condition) => fitsWatch(condition, state.handoff));
  return fits && usableBy(watching.definition)(state.handoff) ? state.handoff : undefined;
};

const trigger = async ({ eventing }: WatchOptions, ref: AggregateRef, command: TriggerWatch): Promise<ConsumerOutcome> => {
  const result = await executeCommand<WatchState, WatchEvent, never>({ ...ref, aggregate: 'watch' }, {
    eventing, aggregate: watchAggregate, context: { causation_id: command.handoff_id, correlation_id: ref.id }, decide: (state) => decideWatch(command, state),
  });
  return result.kind === 'contended' ? retryLater(100, 'the watch is being written to') : done;
};

/**
 * Looks whether a handoff is to start a run of an automation: it is active, watches, and has no run that is
 * queued or running. At most one handoff is named, in one commit; consuming it and creating the run
 * follow from that (`followWatch`). `ref` names the automation.
 */
export const evaluateWatch = async (options: WatchOptions, ref: AggregateRef, hint: WatchHint): Promise<ConsumerOutcome> => {
  const watching = await watchingAutomation(options, ref);
  if (watching === undefined) return done;
  const { state: last } = await loadAggregate({ store: options.eventing.store, aggregate: watchAggregate }, { ...ref, aggregate: 'watch' });
  if ((await activeRunOf(options, ref, watching.tenant_context)) !== undefined) return done;
  for (const id of await candidates(options, watching, hint)) {
    const handoff = id === last?.handoff_id ? undefined : await takeable(options, { ref, watching }, id);
    if (handoff === undefined) continue;
    const { automation_id, tenant_context, definition_hash, definition_version } = watching;
    const run_id = derivedRunId(options.eventing.digest, ['handoff', ref.org_id, ref.workspace_id, id]);
    return await trigger(options, ref, { automation_id, tenant_context, definition_hash, definition_version, handoff_id: id, run_id, after_run_id: last?.run_id });
  }
  return done;
};

type Triggered = WatchEvent['data'];

const reasonOf = ({ handoff_id, artifact_type, source_automation_id }: HandoffArtifact): string =>
  `handoff ${handoff_id} (${artifact_type})${source_automation_id === undefined ? '' : ` from ${source_automation_id}`}`;

/** False: the handoff was not there to be had. */
const startRun = async (options: WatchOptions, triggered: Triggered, causation_id: string): Promise<boolean> => {
  const { automation_id, tenant_context, handoff_id, run_id, definition_hash, definition_version } = triggered;
  const ref = { org_id: tenant_context.org_id, workspace_id: tenant_context.workspace_id, aggregate: 'handoff', id: handoff_id } as const;
  const handoff = await consumeHandoff(options.eventing, ref, { run_id, automation_id });
  if (handoff === undefined) return false;
  await createTriggeredRun(options, {
    run_id, automation_id, tenant_context, definition_hash, definition_version, causation_id, trigger_type: 'watch_condition', trigger_reason: reasonOf(handoff),
    consumed_handoff_id: handoff_id, input: handoffInput(handoff), execution_profile: 'strict',
  });
  return true;
};

/** What follows from a commit of a watch: its handoff is consumed, and the run that the consumption names is created. Repeating it changes nothing. */
export const followWatch = async (options: WatchOptions, { ref, commit, position }: StoredCommit): Promise<ConsumerOutcome> => {
  let missed = false;
  for (const { data, event_id } of commit.events as unknown as readonly (WatchEvent & { readonly event_id: string })[]) missed = !(await startRun(options, data, event_id)) || missed;
  return missed ? await evaluateWatch(options, { ...ref, aggregate: 'automation' }, { position }) : done;
};
