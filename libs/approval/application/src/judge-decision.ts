import { authorityRefusal, identitiesOf, identityOf, seatAt, standInQuestion, type AskedSeat, type AuthorityRefusal, type Decider, type Seat } from '@cs/approval-domain';
import { decideRun, readDecision, recoveredGate, type DecideGate, type RunRefusal } from '@cs/automation-domain';
import type { AutomationDefinition, CallContext, GateDecision, PendingGate, Run, RunEvent } from '@cs/contracts';
import { refuse, type Decision, type Refusal, type Result } from '@cs/kernel';
import { deciderOf, requesterOf } from './seat.js';

export type GateDecided = Decision<RunEvent, RunRefusal | AuthorityRefusal | Refusal>;

/** Who decides and as whom, as far as it does not depend on the moment. */
export interface DecisionCase {
  readonly command: DecideGate;
  readonly caller: CallContext;
  readonly definition: AutomationDefinition;
  readonly definition_hash: string;
  /** Whether they may decide on the automation, or why not. */
  readonly access: Result<true>;
  /** Whose seat they take; absent: their own. */
  readonly seat: AskedSeat | undefined;
}

/** The order is contract (domain 5.3): whoever may not decide is told so before the transition's guard and the other votes are looked at. */
const afterAuthority: ReadonlySet<string> = new Set(['AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', 'AUTOMATION_V2_GATE_ALREADY_VOTED', 'AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED']);
const comesAfterAuthority = (decision: Decision<RunEvent, RunRefusal>): boolean => (decision.kind === 'accepted' ? decision.events.length > 0 : afterAuthority.has(decision.refusal.code));

const withSeat = (command: DecideGate, caller: CallContext, seat: Seat | undefined): DecideGate => {
  const identities = identitiesOf(caller.actor);
  const named = identities.length > 1 ? { ...command, also_known_as: identities } : command;
  if (seat?.ok === true) return { ...named, on_behalf_of: seat.on_behalf_of, voter: seat.on_behalf_of.person };
  const voter = identityOf(caller.actor);
  return voter === undefined ? named : { ...named, voter };
};

const deciderWith = (caller: CallContext, seat: Seat | undefined): Decider => {
  if (seat === undefined) return deciderOf(caller);
  return seat.ok ? { ...deciderOf(caller), on_behalf_of: seat.on_behalf_of } : { ...deciderOf(caller), not_in_force: seat.reason };
};

interface Moment {
  readonly run: Run;
  readonly gate: PendingGate;
  readonly decision: GateDecision;
  readonly at_ms: number;
}

const refusalAt = ({ caller, definition, access, seat: asked }: DecisionCase, seat: Seat | undefined, { run, gate, decision, at_ms }: Moment): Refusal | undefined => {
  const refusal = authorityRefusal(deciderWith(caller, seat), { decision, gate, run, at_ms, requester: requesterOf(run, definition) });
  if (refusal !== undefined || access.ok || asked !== undefined) return refusal;
  return access.refusal;
};

const seatNow = ({ caller, seat }: DecisionCase, run: Run, { gate, at_ms }: { gate: PendingGate | undefined; at_ms: number }): Seat | undefined =>
  gate === undefined || seat === undefined ? undefined : seatAt(seat, { ...standInQuestion(caller.actor, gate, run), at_ms });

const edited = { code: 'CONCURRENT_CHANGE', message: 'a step of the run was edited at the same time' } as const;

/** The decision at a moment, unless whoever decides may not. */
export const judgeDecision = (decisionCase: DecisionCase, run: Run, at_ms: number): GateDecided => {
  const { command, caller, definition } = decisionCase;
  if (run.workflow_definition_snapshot_hash !== decisionCase.definition_hash) return refuse(edited);
  const gate = run.checkpoint.awaiting_gate ?? recoveredGate(run, definition);
  const seat = seatNow(decisionCase, run, { gate, at_ms });
  const decision = decideRun(withSeat(command, caller, seat), run, { at_ms, definition });
  const word = readDecision(command.decision);
  if (gate === undefined || word === undefined || !comesAfterAuthority(decision)) return decision;
  const refusal = refusalAt(decisionCase, seat, { run, gate, decision: word, at_ms });
  return refusal === undefined ? decision : refuse(refusal);
};
