import { decideRun } from '@cs/automation-domain';
import type { TenantContext } from '@cs/contracts';
import { appendEvents, unwritten, type Eventing } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import type { DefinitionLibrary } from './definition-library.js';
import { runAggregate } from './run.aggregate.js';

export interface TriggeredRunOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
}

/** A run that nobody asked for: the commit that decided upon it says everything about it. */
export interface TriggeredRun {
  readonly run_id: string;
  readonly automation_id: string;
  readonly tenant_context: TenantContext;
  readonly trigger_type: 'scheduled' | 'watch_condition';
  readonly trigger_reason: string;
  readonly consumed_handoff_id?: string;
  readonly definition_hash: string;
  readonly definition_version: string;
  readonly input: Json;
  /** Absent: the definition's, else `guided`. */
  readonly execution_profile?: string;
  /** Id of the event that decided upon it. */
  readonly causation_id: string;
}

/** A run id that follows from what caused the run, so that creating it again finds it. */
export const derivedRunId = (digest: Eventing['digest'], cause: readonly (string | number)[]): string => {
  const hex = digest(JSON.stringify(cause));
  return `automation-v2-run-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
};

/** Creates the run unless it is there. */
export const createTriggeredRun = async ({ eventing, definitions }: TriggeredRunOptions, run: TriggeredRun): Promise<void> => {
  const { run_id, automation_id, tenant_context, trigger_type, trigger_reason, consumed_handoff_id, input } = run;
  const definition = await definitions.get(tenant_context, run.definition_hash);
  const at_ms = eventing.clock();
  const decision = decideRun({
    type: 'request_run',
    created: {
      run_id, automation_id, tenant_context, trigger_type, trigger_reason, input, ...(consumed_handoff_id === undefined ? {} : { consumed_handoff_id }),
      requested_by: { kind: 'system', source: trigger_type },
      workflow_definition_version: run.definition_version, workflow_definition_snapshot_hash: run.definition_hash,
      effective_execution_profile: run.execution_profile ?? definition.execution?.profile ?? 'guided',
      node_ids: definition.flow.nodes.map(({ node_id }) => node_id),
    },
  }, undefined, { at_ms, definition });
  if (decision.kind === 'refused') throw new Error(`run ${run_id} was refused: ${decision.refusal.message}`);
  const ref = { org_id: tenant_context.org_id, workspace_id: tenant_context.workspace_id, aggregate: 'run', id: run_id } as const;
  // A conflict means that the run is there: its id names its cause.
  await appendEvents({ eventing, aggregate: runAggregate }, unwritten(runAggregate, ref), {
    events: decision.events, context: { at_ms, causation_id: run.causation_id, correlation_id: automation_id },
  });
};
