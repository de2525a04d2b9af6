import { decideRun, flowGraph, receiptEffectOf, recoveryOf, type FinishCompensation, type RunCommand, type RunRefusal } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, Run, RunCompensation } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type Executed, type IdSource } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import type { DefinitionLibrary } from './definition-library.js';
import type { ExpressionEvaluator } from './expression.port.js';
import { resolveHttpStep } from './http-step.js';
import { failureText } from './node-failure.js';
import { runAggregate } from './run.aggregate.js';
import { runScope } from './run-scope.js';
import type { Secrets } from './secrets.port.js';
import type { HttpStep, HttpStepRunner, StepOutcome } from './step-runner.port.js';
import type { RunChanges } from './timers.port.js';

export interface CompensationOptions {
  readonly eventing: Eventing;
  readonly definitions: Pick<DefinitionLibrary, 'get'>;
  readonly evaluator: ExpressionEvaluator;
  readonly secrets: Secrets;
  readonly http: HttpStepRunner;
  readonly changes: RunChanges;
  readonly claimantId: string;
  /** Tells one execution from another of the same process: two that begin at once are not one. */
  readonly newId: IdSource;
}

/** So long nobody else executes it. */
export const compensationLeaseMs = 300_000;

interface Claimed {
  readonly run: Run;
  readonly compensation: RunCompensation;
  readonly definition: AutomationDefinition;
}

const command = async ({ eventing, changes }: CompensationOptions, ref: AggregateRef, { run, definition, decide }: { readonly run: Run; readonly definition: AutomationDefinition; readonly decide: RunCommand }): Promise<Executed<Run | undefined, RunRefusal>> => {
  const result = await executeCommand(ref, {
    eventing, aggregate: runAggregate, context: { correlation_id: run.automation_id }, decide: (state, at_ms) => decideRun(decide, state, { at_ms, definition }),
  });
  if (result.kind === 'accepted' && result.changed) changes.announce(ref.id);
  return result;
};

/** The intent is durable when this answers; `undefined`: it is not to be executed, or somebody else does. */
const claim = async (options: CompensationOptions, ref: AggregateRef, compensation_id: string): Promise<Claimed | undefined> => {
  const { state: run } = await loadAggregate({ store: options.eventing.store, aggregate: runAggregate }, ref);
  if (run === undefined) return undefined;
  const definition = await options.definitions.get(ref, run.workflow_definition_snapshot_hash);
  const result = await command(options, ref, { run, definition, decide: { type: 'start_compensation', compensation_id, claimed_by: `${options.claimantId}-${options.newId()}`, lease_ms: compensationLeaseMs } });
  if (result.kind !== 'accepted' || !result.changed || result.loaded.state === undefined) return undefined;
  const compensation = recoveryOf(result.loaded.state).compensations[compensation_id];
  return compensation?.status === 'running' ? { run: result.loaded.state, compensation, definition } : undefined;
};

const scopeOf = ({ run, compensation, definition }: Claimed) => {
  const output = run.checkpoint.node_outputs[compensation.node_id];
  const done: Json = output?.status === 'completed' ? output.content : null;
  return { ...runScope(run, definition, compensation), compensates: { effect_id: compensation.effect_id, output: done } };
};

type Failed = Extract<StepOutcome, { kind: 'failed' }>;

const resolve = async (options: CompensationOptions, claimed: Claimed): Promise<HttpStep | Failed> => {
  const { compensation: { action, node_id }, definition } = claimed;
  const node = flowGraph(definition).nodes.get(node_id);
  if (action === undefined || node === undefined) return { kind: 'failed', failure: { kind: 'definition_changed', message: `the run has no node "${node_id}" any more` }, effect: 'not_sent', retryable: false };
  try {
    return await resolveHttpStep(node, action, { evaluator: options.evaluator, secrets: options.secrets, scope: scopeOf(claimed), effect: receiptEffectOf(claimed.compensation) });
  } catch (error) {
    return { kind: 'failed', failure: { kind: 'expression_failed', message: failureText(error) }, effect: 'not_sent', retryable: false };
  }
};

const resultOf = (outcome: Exclude<StepOutcome, { kind: 'aborted' }>): FinishCompensation['result'] => {
  if (outcome.kind === 'succeeded') return { kind: 'succeeded', output: outcome.output };
  return { kind: 'failed', outcome: outcome.effect === 'unknown' ? 'unknown' : 'failed', failure: { kind: outcome.failure.kind, message: outcome.failure.message } };
};

/**
 * Executes an approved compensation: its intent, the request under its key, then its receipt or its failure.
 * One that is executed elsewhere, or not approved, is left alone. Dies the process in between, it is
 * executed again under the same key when its lease is over. Answers whether it was executed here.
 */
export const executeCompensation = async (options: CompensationOptions, ref: AggregateRef, { compensation_id, signal }: { readonly compensation_id: string; readonly signal: AbortSignal }): Promise<boolean> => {
  const claimed = await claim(options, ref, compensation_id);
  if (claimed === undefined) return false;
  const step = await resolve(options, claimed);
  const outcome = 'kind' in step ? step : await options.http.run(step, signal);
  if (outcome.kind === 'aborted') return false;
  const { run, definition, compensation } = claimed;
  await command(options, ref, { run, definition, decide: { type: 'finish_compensation', compensation_id, attempt: compensation.attempts, result: resultOf(outcome) } });
  return true;
};
