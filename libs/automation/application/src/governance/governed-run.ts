import { decideRun, holdOf } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, Run } from '@cs/contracts';
import { executeCommand, loadAggregate } from '@cs/eventing';
import type { DefinitionLibrary } from '../definition-library.js';
import { runAggregate } from '../run.aggregate.js';
import { launchHoldNow, type LaunchOptions } from './launch-authority.js';

export interface GovernedRunOptions extends LaunchOptions {
  readonly definitions: Pick<DefinitionLibrary, 'get'>;
}

type Command = { readonly type: 'hold_launch'; readonly queued_version: number } | { readonly type: 'release_launch' };

const command = async ({ eventing }: LaunchOptions, ref: AggregateRef, { definition, ...wanted }: Command & { readonly definition: AutomationDefinition }): Promise<boolean> => {
  const result = await executeCommand(ref, {
    eventing, aggregate: runAggregate, context: { correlation_id: definition.automation_id },
    decide: (run, at_ms) => decideRun({ ...wanted, queue_reason: 'governance' }, run, { at_ms, definition }),
  });
  if (result.kind === 'contended') throw new Error(`run ${ref.id} is being written to`);
  return result.kind === 'accepted' && result.changed;
};

/** Lets a run that governance held be claimed, when nothing of now holds it. True when it was released. */
export const releaseGoverned = async (options: GovernedRunOptions, ref: AggregateRef): Promise<boolean> => {
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: runAggregate }, ref);
  if (state === undefined || holdOf(state)?.queue_reason !== 'governance') return false;
  const definition = await options.definitions.get(ref, state.workflow_definition_snapshot_hash);
  return (await launchHoldNow(options, state, definition)) === undefined && (await command(options, ref, { type: 'release_launch', definition }));
};

/**
 * Keeps a queued run from being claimed. Should it be allowed just then, whoever releases runs may not
 * have seen this one: it is looked at once more.
 */
export const holdGoverned = async (options: GovernedRunOptions, ref: AggregateRef, { run, definition, queued_version }: { readonly run: Run; readonly definition: AutomationDefinition; readonly queued_version: number }): Promise<void> => {
  await command(options, ref, { type: 'hold_launch', queued_version, definition });
  if ((await launchHoldNow(options, run, definition)) === undefined) await command(options, ref, { type: 'release_launch', definition });
};
