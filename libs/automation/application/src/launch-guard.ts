import type { ExecutionCommand } from '@cs/automation-domain';
import type { AutomationDefinition, Run } from '@cs/contracts';

/**
 * Asked before nodes of a claimed run start, each time something may start: the command that stops the
 * run instead (a limit is reached), or nothing. Pure.
 */
export type LaunchGuard = (run: Run, context: { readonly definition: AutomationDefinition; readonly at_ms: number }) => ExecutionCommand | undefined;
