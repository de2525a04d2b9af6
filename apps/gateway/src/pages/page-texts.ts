import { nameOnChannel, type ApprovalRequest, type GovernanceActor } from '@cs/contracts';
import { redactCredentials, redactHostPaths } from '@cs/kernel';
import { html, type Html } from './html.js';

/** A text without credentials and without paths of hosts, as messages show it too. */
export const redacted = (text: string): string => redactCredentials(redactHostPaths(text));

/** The page of a run. */
export const pageOfRun = (run_id: string): string => `/inbox/runs/${encodeURIComponent(run_id)}`;

/** E.g. `2026-11-27 10:05 UTC`. */
export const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

export const time = (ms: number): Html => html`<time datetime="${new Date(ms).toISOString()}">${minuteOf(ms)}</time>`;

const nobody: Readonly<Record<GovernanceActor['kind'], string>> = { human: 'the local person', agent: 'an agent', system: 'the system' };
export const nameOf = (actor: GovernanceActor): string => {
  const { kind, actor_id } = actor;
  if (actor_id === undefined) return nobody[kind];
  return nameOnChannel(actor) ?? `${actor_id}${kind === 'human' ? '' : ` (${kind})`}`;
};

export const decisionWords: Readonly<Record<string, string>> = {
  approve: 'Approved', rework: 'Sent back for rework', cancel: 'Cancelled', expired: 'Expired: nobody decided in time', timeout_resume: 'Nobody decided in time, so the run went on',
};

const timeoutWords: Readonly<Record<ApprovalRequest['on_timeout']['then'], string>> = {
  cancel: 'the run is cancelled', resume: 'the run goes on as if approved', escalate: 'somebody else is asked', remind: 'you are reminded', wait: 'nothing more: it stays open',
};

export const timeoutText = ({ on_timeout: { then, escalate_to } }: ApprovalRequest): string => (then === 'escalate' && escalate_to !== null ? `${escalate_to} is asked` : timeoutWords[then]);
