import type { RequestToOpen } from '@cs/automation-domain';
import type { Action, EffectIntent, FlowNode } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';
import type { StepOutcome } from './step-runner.port.js';

/** What an executor resolves an action with. */
export interface StepContext {
  readonly node: FlowNode;
  /** What the expressions of the node may read. */
  readonly scope: JsonObject;
  /** The recorded intent of this attempt; absent for a step that does nothing outside. */
  readonly effect: EffectIntent | undefined;
}

/** The child run that a step asks for. */
export interface ChildRunRequest {
  readonly automation_id: string;
  /** Definition version that the child must run; absent means the current one. */
  readonly version?: string;
  readonly input: Json;
}

/** A step with everything resolved, ready to be done. */
export type PreparedStep =
  /** It is done already, and does nothing outside: its output rides with the next commit. */
  | { readonly kind: 'value'; readonly content: Json }
  /** It leaves the process once its intent is durable. `perform` never throws. */
  | { readonly kind: 'effect'; readonly perform: (signal: AbortSignal) => Promise<StepOutcome> }
  /** It opens a wait for a run of another automation, and occupies no runner meanwhile. */
  | { readonly kind: 'child_run'; readonly child: ChildRunRequest }
  /** It opens a wait for a person, and occupies no runner meanwhile. */
  | { readonly kind: 'person'; readonly asks: RequestToOpen };

/** Executes one kind of action. */
export interface StepExecutor<Of extends Action = Action> {
  /** How safe it is to repeat the effect; `undefined` for a step that does nothing outside. */
  readonly effectMode: (action: Of) => EffectIntent['mode'] | undefined;
  /** Resolves expressions and secrets. Throws `TemplateError` with the path of what cannot be resolved. */
  readonly prepare: (action: Of, context: StepContext) => Promise<PreparedStep>;
}

/** The executor of each kind of action; a kind without one is refused when a definition is stored. */
export type StepExecutors = { readonly [Kind in Action['kind']]?: StepExecutor<Extract<Action, { kind: Kind }>> };

/** The executor of an action. */
export const executorOf = (executors: StepExecutors, action: Action): StepExecutor | undefined =>
  // The table has, for each kind, the executor of exactly that kind; the compiler cannot see the pairing.
  executors[action.kind] as StepExecutor | undefined;
