import { authorityRefusal, canonicalIdentity, identitiesOf, identityOf, isNamedApprover, seatAt, standInQuestion, type AskedSeat, type Decider } from '@cs/approval-domain';
import { accessOf } from '@cs/automation-application';
import { seatNamesOf } from '@cs/automation-domain';
import type { AutomationDefinition, CallContext, GateDecision, GovernanceActor, PendingGate, Run } from '@cs/contracts';
import { loadAggregate, type Eventing } from '@cs/eventing';
import { delegationAggregate, delegationsOf } from './delegation.aggregate.js';

/** A gate that somebody wants to decide. */
export interface SeatQuestion {
  readonly run: Run;
  readonly gate: PendingGate;
  readonly definition: AutomationDefinition;
  readonly decision: GateDecision;
  /** Whether they may decide on the automation without standing in for anyone. */
  readonly mayDecide: boolean;
}

export const deciderOf = ({ actor, verified, memberships }: CallContext): Decider => ({ actor, verified, memberships });

/** Who asked for a run. Of one that nobody asked for, whoever made its automation. */
export const requesterOf = ({ requested_by }: Run, definition: AutomationDefinition): GovernanceActor => {
  if (requested_by.kind !== 'system' || requested_by.actor_id !== undefined) return requested_by;
  const access = accessOf(definition);
  return access?.created_by ?? (access?.owner_principal.kind === 'human_user' ? { kind: 'human', actor_id: access.owner_principal.id } : requested_by);
};

const ownerOf = (definition: AutomationDefinition): string | undefined => {
  const principal = accessOf(definition)?.owner_principal;
  return principal?.kind === 'human_user' ? canonicalIdentity(principal.id) : undefined;
};

const peopleOf = ({ approvers = [] }: PendingGate): readonly string[] => approvers.filter(({ kind }) => kind === 'person').map(({ id }) => canonicalIdentity(id));

/** A gate is for the people it names. One that names none is for the owner, and for everyone whom the caller could stand for themself. */
const isEntitled = (person: string, { gate, definition, mayDecide }: SeatQuestion): boolean =>
  (gate.approvers ?? []).length > 0 ? peopleOf(gate).includes(person) : mayDecide || person === ownerOf(definition);

/** Whom a gate would let decide of whom no role is asked. */
const candidatesOf = ({ gate, definition }: SeatQuestion): readonly string[] => {
  if ((gate.approvers ?? []).length > 0) return peopleOf(gate);
  const owner = ownerOf(definition);
  return owner === undefined ? [] : [owner];
};

const askedSeat = async ({ store, digest }: Pick<Eventing, 'store' | 'digest'>, { tenant }: CallContext, { person, question }: { person: string; question: SeatQuestion }): Promise<AskedSeat> => {
  const { state } = await loadAggregate({ store, aggregate: delegationAggregate }, delegationsOf(digest, tenant, person));
  return { person, entitled: isEntitled(person, question), delegations: state };
};

const isTaken = (person: string, { votes = [] }: PendingGate): boolean => votes.some((vote) => seatNamesOf(vote).includes(person));

/** Whether somebody who is not asked for by name could take the seat now. */
const fits = (seat: AskedSeat, { context, question, at_ms }: { context: CallContext; question: SeatQuestion; at_ms: number }): boolean => {
  const { gate, run, definition, decision } = question;
  const taken = seatAt(seat, { ...standInQuestion(context.actor, gate, run), at_ms });
  if (!taken.ok || isTaken(seat.person, gate)) return false;
  return authorityRefusal({ ...deciderOf(context), on_behalf_of: taken.on_behalf_of }, { decision, gate, run, at_ms, requester: requesterOf(run, definition) }) === undefined;
};

const needsNoSeat = (context: CallContext, { gate, mayDecide }: SeatQuestion): boolean =>
  (gate.approvers ?? []).length > 0 ? isNamedApprover(deciderOf(context), gate.approvers) : mayDecide;

/**
 * Whose seat somebody takes at a gate: the one that they ask for, if it is not their own. Who may not decide
 * themself takes the first seat of a person who named them, in the gate's order; `undefined` for none.
 */
export const findSeat = async (eventing: Eventing, context: CallContext, { question, asked }: { question: SeatQuestion; asked: string | undefined }): Promise<AskedSeat | undefined> => {
  const own = identitiesOf(context.actor);
  const person = asked === undefined ? undefined : canonicalIdentity(asked);
  if (person !== undefined) return own.includes(person) ? undefined : await askedSeat(eventing, context, { person, question });
  if (identityOf(context.actor) === undefined || needsNoSeat(context, question)) return undefined;
  const seats = await Promise.all(candidatesOf(question).filter((candidate) => !own.includes(candidate)).map(async (candidate) => await askedSeat(eventing, context, { person: candidate, question })));
  const at_ms = eventing.clock();
  return seats.find((seat) => fits(seat, { context, question, at_ms }));
};
