import type { GovernanceActor } from '@cs/contracts';
import type { Refusal } from '@cs/kernel';
import { launchHold, type AutomationGovernance } from './automation-governance.js';

export type MutationCode =
  | 'AUTOMATION_V2_AGENT_ID_REQUIRED' | 'AUTOMATION_V2_RETIRED' | 'AUTOMATION_V2_EXPIRED' | 'AUTOMATION_V2_LIFECYCLE_PAUSED'
  | 'AUTOMATION_V2_DELETE_HUMAN_CREATED_DENIED' | 'AUTOMATION_V2_DELETE_NOT_OWNER' | 'AUTOMATION_V2_MODIFY_FORBIDDEN';

interface Governed {
  readonly automation_id: string;
  readonly status: string;
  readonly governance?: AutomationGovernance | undefined;
}

export interface Mutation {
  readonly actor: GovernanceActor;
  /** It takes something away that cannot be brought back. */
  readonly destructive: boolean;
  readonly at_ms: number;
}

type Check = readonly [fails: boolean, code: MutationCode, message: string];

const lifecycle = ({ status, governance, automation_id }: Governed, at_ms: number): readonly Check[] => {
  const hold = launchHold(governance, at_ms);
  return [
    [hold?.kind === 'retired', 'AUTOMATION_V2_RETIRED', `automation "${automation_id}" is retired`],
    [hold?.kind === 'expired', 'AUTOMATION_V2_EXPIRED', `the time of automation "${automation_id}" is over`],
    [status === 'paused' || hold !== undefined, 'AUTOMATION_V2_LIFECYCLE_PAUSED', hold?.reason ?? `automation "${automation_id}" is paused`],
  ];
};

const isGrantedTo = (governance: AutomationGovernance | undefined, actor_id: string | undefined, at_ms: number): boolean =>
  governance?.grants.some(({ kind, agent_id, expires_at_ms = Infinity }) => kind === 'modify' && agent_id === actor_id && expires_at_ms > at_ms) === true;

const ownership = ({ governance, automation_id }: Governed, { actor, destructive, at_ms }: Mutation): readonly Check[] => {
  const creator = governance?.provenance?.creator;
  const isOwn = creator !== undefined && creator.actor_id === actor.actor_id;
  if (destructive) {
    return [
      [creator === undefined, 'AUTOMATION_V2_DELETE_HUMAN_CREATED_DENIED', `a person made automation "${automation_id}"; an agent may not take it away`],
      [!isOwn, 'AUTOMATION_V2_DELETE_NOT_OWNER', `another agent made automation "${automation_id}"`],
    ];
  }
  return [[!isOwn && !isGrantedTo(governance, actor.actor_id, at_ms), 'AUTOMATION_V2_MODIFY_FORBIDDEN', `agent "${actor.actor_id ?? ''}" neither made automation "${automation_id}" nor has a grant to change it`]];
};

/**
 * Whether governance lets somebody change an automation, in the order of domain 10.3; `undefined`: it does.
 * People pass: whether it is theirs is asked elsewhere.
 */
export const mutationProblem = (automation: Governed, mutation: Mutation): Refusal<MutationCode> | undefined => {
  const { actor, at_ms } = mutation;
  if (actor.kind === 'human') return undefined;
  const checks: readonly Check[] = [
    [actor.kind !== 'agent' || actor.actor_id === undefined, 'AUTOMATION_V2_AGENT_ID_REQUIRED', 'whoever is no person has to say which agent it is'],
    ...lifecycle(automation, at_ms), ...ownership(automation, mutation),
  ];
  const failed = checks.find(([fails]) => fails);
  return failed && { code: failed[1], message: failed[2], details: { automationID: automation.automation_id } };
};
