import { decideRun, holdsRuns, type RunCommand } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition } from '@cs/contracts';
import { executeCommand, type Eventing } from '@cs/eventing';
import type { DefinitionLibrary } from './definition-library.js';
import { runAggregate } from './run.aggregate.js';
import type { RunChanges } from './timers.port.js';

type Tenant = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

/** The newest status of automations: the last token of their subjects. */
export interface AutomationStatuses {
  /** As far as this process has heard; asks the log only for an automation that it does not know. */
  statusOf(tenant: Tenant, automation_id: string): Promise<string>;
  /** As the log has it now. */
  readStatus(tenant: Tenant, automation_id: string): Promise<string>;
}

type SettlePause = Extract<RunCommand, { type: 'settle_pause' }>;
type SettlePausing = Extract<RunCommand, { type: 'settle_pausing_on_restart' }>;

export interface PauseOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly changes: RunChanges;
}

interface Decided {
  readonly ref: AggregateRef;
  readonly command: RunCommand;
  readonly definition: AutomationDefinition;
  readonly automation_id: string;
}

const decide = async ({ eventing }: Pick<PauseOptions, 'eventing'>, { ref, command, definition, automation_id }: Decided): Promise<boolean> => {
  const result = await executeCommand(ref, {
    eventing, aggregate: runAggregate, decide: (state, at_ms) => decideRun(command, state, { at_ms, definition }), context: { correlation_id: automation_id },
  });
  // Not the same as nothing to do: whoever follows the automation comes here again.
  if (result.kind === 'contended') throw new Error(`run ${ref.id} is being written to`);
  return result.kind === 'accepted' && result.changed;
};

/** Whoever executed the run has let go of it, or is gone. Repeating it changes nothing. */
export const settlePause = (options: Pick<PauseOptions, 'eventing'>, run: Omit<Decided, 'command'> & { readonly command: SettlePause | SettlePausing }): Promise<boolean> => decide(options, run);

/** Tells a run that its automation is paused, or that it may not execute any more; only one that executes is told. */
export const pauseWithAutomation = async (options: PauseOptions, { reason, ...run }: Omit<Decided, 'command'> & { readonly reason?: string }): Promise<void> => {
  const changed = await decide(options, { ...run, command: { type: 'request_pause', reason: reason ?? `automation "${run.automation_id}" paused` } });
  if (changed) options.changes.announce(run.ref.id);
};

export const releaseHeld = (options: Pick<PauseOptions, 'eventing'>, run: Omit<Decided, 'command'>): Promise<boolean> =>
  decide(options, { ...run, command: { type: 'release_launch', queue_reason: 'automation_paused' } });

/** The automation is gone, and was paused: whoever deleted it did not ask for its runs to go on. */
export const cancelHeld = (options: Pick<PauseOptions, 'eventing'>, run: Omit<Decided, 'command'>): Promise<boolean> =>
  decide(options, { ...run, command: { type: 'cancel_held', reason: `automation "${run.automation_id}" was deleted while it was paused` } });

/** What governs an automation holds its runs in another way (governance/governed-run.ts). */
const isPaused = (status: string): boolean => holdsRuns(status) && status !== 'held';

/**
 * Keeps a queued run of a paused automation from being claimed (W28). Should the automation be resumed
 * just then, whoever releases its runs may not have seen this one: it is looked at once more.
 */
export const holdWhilePaused = async (options: Pick<PauseOptions, 'eventing'> & { readonly automations: AutomationStatuses }, run: Omit<Decided, 'command'> & { readonly queued_version: number }): Promise<boolean> => {
  const { ref, automation_id, queued_version } = run;
  if (!isPaused(await options.automations.statusOf(ref, automation_id))) return false;
  await decide(options, { ...run, command: { type: 'hold_launch', queue_reason: 'automation_paused', queued_version } });
  if (!isPaused(await options.automations.readStatus(ref, automation_id))) await releaseHeld(options, run);
  return true;
};
