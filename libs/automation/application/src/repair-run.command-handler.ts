import { decideRun, definitionVersion, editStep, liveAutomation, planReset, type EditedStep, type RepairRun, type StepEdit, type TargetDefinition } from '@cs/automation-domain';
import type { AutomationDefinition, CallContext, RunEvent } from '@cs/contracts';
import { loadAggregate, type StoredCommit } from '@cs/eventing';
import { accepted, refused, type Json, type JsonObject, type Result } from '@cs/kernel';
import { automationAggregate } from './automation.aggregate.js';
import { commandOf, operable, operate, type Operable, type OperatorOptions } from './operate-run.command-handler.js';
import { resetOf, type OperatedTask, type TaskRequested } from './operate-task.command-handler.js';
import { changeAutomation, readDefinition, storeChange, type AutomationOptions } from './store-automation.command-handler.js';

export interface RepairRequested extends TaskRequested {
  readonly prompt?: string | undefined;
  readonly template_id?: string | undefined;
  readonly model_policy?: JsonObject | undefined;
}

export interface RepairedRun extends OperatedTask {
  /** The definition as it is now. */
  readonly automation: AutomationDefinition;
}

const textOf = (text: string | undefined): string | undefined => (text?.trim() === '' ? undefined : text?.trim());

const editOf = ({ node_id, prompt, template_id, model_policy }: RepairRequested): StepEdit => ({ node_id, prompt: textOf(prompt), template_id: textOf(template_id), model_policy });

/** The edited definition, checked as any other. */
const checked = (definition: AutomationDefinition, { edit, options }: { edit: StepEdit; options: OperatorOptions }): Result<EditedStep> => {
  const edited = editStep(definition, edit);
  if (!edited.ok || edited.value.step.reset_only) return edited;
  const read = readDefinition(edited.value.definition as unknown as Json, options.evaluator);
  if (!read.ok) return { ok: false, refusal: { ...read.refusal, code: 'AUTOMATION_V2_REPAIR_PERSIST_FAILED' } };
  return accepted({ definition: read.value, step: edited.value.step });
};

/** Stores the edited definition under its hash, where it harms nobody before the run refers to it. */
const targetOf = async ({ definitions }: OperatorOptions, { tenant }: CallContext, { found, edited }: { found: Operable; edited: EditedStep }): Promise<Pick<RepairRun, 'target' | 'step' | 'replaces'>> => {
  if (edited.step.reset_only) return { target: found.target, step: edited.step };
  const hash = await definitions.store(tenant, edited.definition);
  const target: TargetDefinition = { definition: edited.definition, hash, version: definitionVersion(edited.definition, hash) };
  return { target, step: edited.step, ...(found.isLive ? { replaces: found.target.hash } : {}) };
};

const repairWith = async (options: OperatorOptions, context: CallContext, { found, request }: { found: Operable; request: RepairRequested }): Promise<Result<RepairedRun>> => {
  const edit = editOf(request);
  const common = { type: 'repair_run', node_id: edit.node_id, ...(request.reason === undefined ? {} : { reason: request.reason }), ...commandOf(options, context, { type: 'repair_run', ...request }) } as const;
  const nothing = { prompt_updated: false, template_updated: false, model_policy_updated: false, reset_only: true };
  // The run's own preconditions are told first; they are judged again under the append.
  const judged = decideRun({ ...common, target: found.target, step: nothing }, found.run, { at_ms: options.eventing.clock(), definition: found.target.definition });
  if (judged.kind === 'refused') return { ok: false, refusal: judged.refusal };
  const isRepeated = judged.events.length === 0;
  const edited = isRepeated ? accepted({ definition: found.target.definition, step: nothing }) : checked(found.target.definition, { edit, options });
  if (!edited.ok) return edited;
  const repair = await targetOf(options, context, { found, edited: edited.value });
  const done = await operate(options, context, { found, command: { ...common, ...repair } });
  if (!done.ok) return done;
  const reset = resetOf(done.value, () => planReset(found.run, repair.target.definition, [edit.node_id]));
  const automation = repair.replaces === undefined ? repair.target.definition : await editLive(options, context, { found, edit, fallback: repair.target.definition });
  return accepted({ ...done.value, node_id: edit.node_id, ...reset, automation });
};

/** The run is repaired; now the automation gets the same edit, on top of whatever others changed meanwhile. */
const editLive = async (options: OperatorOptions, context: CallContext, { found, edit, fallback }: { found: Operable; edit: StepEdit; fallback: AutomationDefinition }): Promise<AutomationDefinition> => {
  const stored = await changeAutomation(options, context, {
    automation_id: found.run.automation_id,
    edit: (current) => {
      const edited = checked(current, { edit, options });
      return edited.ok ? accepted({ type: 'update', definition: edited.value.definition }) : edited;
    },
  });
  return stored.ok ? await options.definitions.get(context.tenant, stored.value.automation.definition_hash) : fallback;
};

/** Edits a step and does it again with all that depends on it. The edit is the automation's too: its next runs have it. */
export const repairRun = async (options: OperatorOptions, context: CallContext, request: RepairRequested): Promise<Result<RepairedRun>> => {
  const node_id = request.node_id.trim();
  if (node_id === '') return refused('AUTOMATION_V2_REPAIR_NODE_REQUIRED', 'name the node to repair', { runID: request.run_id });
  const found = await operable(options, context, request.run_id);
  return found.ok ? await repairWith(options, context, { found: found.value, request: { ...request, node_id } }) : found;
};

type Repaired = Extract<RunEvent, { event_type: 'run_step_repaired' }>['data'];

/**
 * The process that repaired a run may have ended before it edited the automation. The commit names both
 * definitions: whoever takes the run up finishes that, unless somebody changed the automation since.
 */
export const completeRepair = async (options: AutomationOptions, { ref, commit }: StoredCommit): Promise<void> => {
  const event = commit.events.find(({ event_type }) => event_type === 'run_step_repaired');
  if (event === undefined) return;
  const { automation, definition } = event.data as unknown as Repaired;
  if (automation === undefined) return;
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: automationAggregate }, { ...ref, aggregate: 'automation', id: automation.automation_id });
  const live = liveAutomation(state, state?.tenant_context.deployment_id);
  if (live?.definition_hash !== automation.replaces) return;
  const context: CallContext = { tenant: live.tenant_context, actor: event.actor ?? { kind: 'system', source: 'runner' }, correlation_id: event.event_id };
  const edited = await options.definitions.get(ref, definition.workflow_definition_snapshot_hash);
  await storeChange(options, context, { type: 'update', definition: edited, replaces: automation.replaces });
};
