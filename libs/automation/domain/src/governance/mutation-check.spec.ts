import type { GovernanceActor } from '@cs/contracts';
import { ungoverned, type AutomationGovernance } from './automation-governance.js';
import { mutationProblem, type MutationCode } from './mutation-check.js';

const bot: GovernanceActor = { kind: 'agent', actor_id: 'bot' };
const made: AutomationGovernance = { ...ungoverned, provenance: { creator: bot, ancestors: [], depth: 0 } };
const at_ms = 1000;

/** Each violates its own check and every later one, in the order of domain 10.3. */
const everything = { status: 'paused', governance: { ...made, provenance: { creator: { kind: 'agent', actor_id: 'other' }, ancestors: [], depth: 0 }, retired: { reason: 'r' }, expires_at_ms: 1 } as AutomationGovernance };
const { retired: _retired, ...unretired } = everything.governance;
const { expires_at_ms: _expires, ...unexpired } = unretired;

describe('what governance refuses on a change, in order', () => {
  it.each<readonly [MutationCode, GovernanceActor, typeof everything, boolean]>([
    ['AUTOMATION_V2_AGENT_ID_REQUIRED', { kind: 'agent' }, everything, true],
    ['AUTOMATION_V2_AGENT_ID_REQUIRED', { kind: 'system', actor_id: 'cron' }, everything, true],
    ['AUTOMATION_V2_RETIRED', bot, everything, true],
    ['AUTOMATION_V2_EXPIRED', bot, { ...everything, governance: unretired }, true],
    ['AUTOMATION_V2_LIFECYCLE_PAUSED', bot, { ...everything, governance: unexpired }, true],
    ['AUTOMATION_V2_DELETE_NOT_OWNER', bot, { status: 'active', governance: unexpired }, true],
    ['AUTOMATION_V2_MODIFY_FORBIDDEN', bot, { status: 'active', governance: unexpired }, false],
    ['AUTOMATION_V2_DELETE_HUMAN_CREATED_DENIED', bot, { status: 'active', governance: ungoverned }, true],
    ['AUTOMATION_V2_MODIFY_FORBIDDEN', bot, { status: 'active', governance: ungoverned }, false],
  ])('%s', (...[code, actor, automation, destructive]) => {
    expect(mutationProblem({ automation_id: 'a', ...automation }, { actor, destructive, at_ms })?.code).toBe(code);
  });

  it('is nothing for a person, whatever state it is in, and nothing for its own agent', () => {
    expect(mutationProblem({ automation_id: 'a', ...everything }, { actor: { kind: 'human' }, destructive: true, at_ms })).toBeUndefined();
    for (const destructive of [true, false]) expect(mutationProblem({ automation_id: 'a', status: 'active', governance: made }, { actor: bot, destructive, at_ms })).toBeUndefined();
  });
});
