import type { AutomationEvent, GovernanceActor, Grant } from '@cs/contracts';
import { accept, refuse, type Decision, type Refusal } from '@cs/kernel';
import { liveAutomation, type AutomationState, type LiveAutomation } from '../automation.decider.js';
import { isApproved, launchHold, launchHoldOf, ungoverned, type AutomationGovernance } from './automation-governance.js';
import { careDeciders, type CareForAutomation } from './automation-health.decider.js';

interface By {
  readonly changed_by: GovernanceActor;
  readonly reason: string;
}

export type GovernAutomation =
  | CareForAutomation
  | { readonly type: 'approve_definition'; readonly definition_hash: string; readonly capabilities: readonly string[]; readonly approval_id: string; readonly approved_by: GovernanceActor }
  | ({ readonly type: 'retire' } & By)
  | ({ readonly type: 'restore' } & By)
  | { readonly type: 'extend'; readonly expires_at_ms: number; readonly changed_by: GovernanceActor }
  | { readonly type: 'review'; readonly note: string; readonly reviewed_by: GovernanceActor }
  | { readonly type: 'grant'; readonly grant: Grant }
  | ({ readonly type: 'revoke_grant'; readonly grant_id: string } & By)
  /** A run is about to be claimed. Nothing is refused: whether it may start says `launchHoldOf` of the state afterwards. */
  | { readonly type: 'admit_launch'; readonly run_id: string; readonly definition_hash: string; readonly begins: boolean; readonly review_after_runs: number };

export type GovernRefusal = Refusal<'AUTOMATION_V2_NOT_FOUND' | 'AUTOMATION_V2_NOT_GOVERNED' | 'AUTOMATION_V2_EXTENSION_INVALID' | 'AUTOMATION_V2_GRANT_NOT_FOUND' | 'AUTOMATION_V2_REVIEW_NOT_DUE'>;
type Decided = Decision<AutomationEvent, GovernRefusal>;

export interface GovernContext {
  readonly automation_id: string;
  readonly deployment_id: string | undefined;
  readonly at_ms: number;
}

interface Subject {
  readonly of: Pick<LiveAutomation, 'automation_id' | 'tenant_context'>;
  readonly governance: AutomationGovernance;
  readonly at_ms: number;
}
type Command<Type extends GovernAutomation['type']> = Extract<GovernAutomation, { type: Type }>;

const no = (code: GovernRefusal['code'], message: string, { of }: Subject): Decided => refuse({ code, message, details: { automationID: of.automation_id } });

const approveDefinition = ({ type: _type, ...approved }: Command<'approve_definition'>, { of, governance }: Subject): Decided =>
  isApproved(governance, approved.definition_hash) ? accept() : accept({ event_type: 'automation_definition_approved', data: { ...of, ...approved } });

const retire = ({ changed_by, reason }: Command<'retire'>, { of, governance }: Subject): Decided =>
  governance.retired === undefined ? accept({ event_type: 'automation_retired', data: { ...of, changed_by, reason } }) : accept();

const restore = ({ changed_by, reason }: Command<'restore'>, { of, governance }: Subject): Decided =>
  governance.retired === undefined ? accept() : accept({ event_type: 'automation_restored', data: { ...of, changed_by, reason } });

const extend = ({ changed_by, expires_at_ms }: Command<'extend'>, subject: Subject): Decided => {
  const { of, governance, at_ms } = subject;
  if (governance.provenance === undefined) return no('AUTOMATION_V2_NOT_GOVERNED', `a person made automation "${of.automation_id}"; it does not expire`, subject);
  if (expires_at_ms <= at_ms) return no('AUTOMATION_V2_EXTENSION_INVALID', 'the new time is over already', subject);
  return governance.expires_at_ms === expires_at_ms && governance.expired !== true ? accept() : accept({ event_type: 'automation_extended', data: { ...of, changed_by, expires_at_ms } });
};

/** Also one that is not due yet counts: whoever looked has looked. */
const review = ({ note, reviewed_by }: Command<'review'>, subject: Subject): Decided => {
  const { of, governance } = subject;
  if (governance.review === undefined && governance.launches === 0) return no('AUTOMATION_V2_REVIEW_NOT_DUE', 'no run has started since the last review', subject);
  return accept({ event_type: 'automation_reviewed', data: { ...of, note, reviewed_by } });
};

const grant = ({ grant: added }: Command<'grant'>, { of, governance }: Subject): Decided =>
  governance.grants.some(({ grant_id }) => grant_id === added.grant_id) ? accept() : accept({ event_type: 'automation_grant_added', data: { ...of, grant: added } });

const revokeGrant = ({ grant_id, changed_by, reason }: Command<'revoke_grant'>, subject: Subject): Decided => {
  const { of, governance } = subject;
  const found = governance.grants.find((each) => each.grant_id === grant_id);
  if (found === undefined) return no('AUTOMATION_V2_GRANT_NOT_FOUND', `automation "${of.automation_id}" has no grant "${grant_id}"`, subject);
  const authority_revoked = found.capability !== undefined && governance.capabilities.includes(found.capability);
  return accept({ event_type: 'automation_grant_revoked', data: { ...of, changed_by, reason, grant: found, authority_revoked } });
};

const isOver = (governance: AutomationGovernance, at_ms: number): boolean => governance.expired !== true && launchHold(governance, at_ms)?.kind === 'expired';

/** Only the beginning of a run counts, of what an agent made and that nothing holds: a run that a person let go on is not a new one. */
const counts = ({ run_id, definition_hash, begins }: Command<'admit_launch'>, { governance, at_ms }: Subject): boolean =>
  begins && governance.provenance !== undefined && !governance.recent_launches.includes(run_id) && launchHoldOf(governance, { definition_hash, at_ms }) === undefined;

const admitLaunch = (command: Command<'admit_launch'>, subject: Subject): Decided => {
  const { of, governance, at_ms } = subject;
  if (isOver(governance, at_ms)) return accept({ event_type: 'automation_expired', data: { ...of, expires_at_ms: governance.expires_at_ms ?? at_ms } });
  if (!counts(command, subject)) return accept();
  if (governance.launches < command.review_after_runs) return accept({ event_type: 'automation_launch_admitted', data: { ...of, run_id: command.run_id } });
  return accept({ event_type: 'automation_review_required', data: { ...of, launches: governance.launches, reason: `${governance.launches} runs have started since the last review` } });
};

type Deciders = { readonly [Type in GovernAutomation['type']]: (command: Command<Type>, subject: Subject) => Decided };
const deciders: Deciders = { approve_definition: approveDefinition, retire, restore, extend, review, grant, revoke_grant: revokeGrant, admit_launch: admitLaunch, ...careDeciders };

const decideOn = (command: GovernAutomation, subject: Subject): Decided => {
  // The table has exactly the decider of each type; the compiler does not follow that through the look-up.
  const decide = deciders[command.type] as (command: GovernAutomation, subject: Subject) => Decided;
  return decide(command, subject);
};

/** Governs an automation. Who may is asked before; that it is there is asked here. */
export const governAutomation = (command: GovernAutomation, state: AutomationState, { automation_id, deployment_id, at_ms }: GovernContext): Decided => {
  const live = liveAutomation(state, deployment_id);
  if (live === undefined) return refuse({ code: 'AUTOMATION_V2_NOT_FOUND', message: `there is no automation "${automation_id}"`, details: { automationID: automation_id } });
  return decideOn(command, { of: { automation_id, tenant_context: live.tenant_context }, governance: live.governance ?? ungoverned, at_ms });
};
