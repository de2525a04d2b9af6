import { approverKeysOf, authorityRefusal, deciderKeysOf, identityOf, openApproverKeys, seatAt, standInQuestion, type Decider } from '@cs/approval-domain';
import { casterNamesOf, isExpired, seatNamesOf } from '@cs/automation-domain';
import type { CallContext, GateDecision, GovernanceActor, OnBehalfOf, PendingGate } from '@cs/contracts';
import type { InboxGate, ReaderSeat } from './inbox-queries.port.js';

/** Who asks for the inbox, and when. */
export interface Asker {
  readonly context: CallContext;
  readonly at_ms: number;
  /** Whom they stand in for. */
  readonly seats?: readonly ReaderSeat[] | undefined;
}

/** One spelling per person; null of one without a name. */
export const voterOf = (actor: GovernanceActor): string | null => identityOf(actor) ?? null;

/** What the caller said at a gate that needs several people; null when nothing. */
export const voteOf = ({ votes = [] }: PendingGate, { actor }: CallContext): GateDecision | null => {
  const voter = voterOf(actor);
  return voter === null ? null : (votes.find((vote) => casterNamesOf(vote).includes(voter))?.decision ?? null);
};

/** Whom the gate names, or, where it names nobody, who has a right to its automation. */
const isAddressed = ({ gate, may_change }: InboxGate, context: CallContext): boolean => {
  const keys = deciderKeysOf(context);
  return approverKeysOf(gate).some((key) => keys.includes(key) && (may_change || !openApproverKeys.includes(key)));
};

type Judged = Parameters<typeof authorityRefusal>[1]['run'];

const openTo = ({ gate }: InboxGate, decider: Decider, { run, at_ms }: { readonly run: Judged; readonly at_ms: number }): readonly GateDecision[] =>
  gate.decisions.filter((decision) => authorityRefusal(decider, { decision, gate, run, at_ms }) === undefined);

/** Whom they could stand in for at this gate, whose vote is still out. */
const seatsAt = ({ gate }: InboxGate, { context, at_ms, seats = [] }: Asker, run: Judged): readonly OnBehalfOf[] => {
  const keys = approverKeysOf(gate);
  return seats.filter(({ key, delegation }) => keys.includes(key) && gate.votes?.some((vote) => seatNamesOf(vote).includes(delegation.delegator)) !== true).flatMap(({ delegation }) => {
    const held = { delegation, tenant_context: context.tenant, uses: 0 };
    const seat = seatAt({ person: delegation.delegator, entitled: true, delegations: [held] }, { ...standInQuestion(context.actor, gate, run), at_ms });
    return seat.ok ? [seat.on_behalf_of] : [];
  });
};

/** What the caller may decide now, for themself or for whom they stand in, by the same rules as the gate itself judges. */
export const decisionsOpenTo = (open: InboxGate, asker: Asker): readonly GateDecision[] => {
  const { context, at_ms } = asker;
  const { gate, status } = open;
  if (status !== 'open' || isExpired(gate, at_ms) || voteOf(gate, context) !== null) return [];
  const run = { run_id: open.run_id, automation_id: open.automation_id, requested_by: open.requested_by, tenant_context: { ...context.tenant, source: open.tenant_source } };
  const decider = { actor: context.actor, verified: context.verified, memberships: context.memberships };
  const own = isAddressed(open, context) ? openTo(open, decider, { run, at_ms }) : [];
  const seated = seatsAt(open, asker, run).flatMap((on_behalf_of) => openTo(open, { ...decider, on_behalf_of }, { run, at_ms }));
  return gate.decisions.filter((decision) => own.includes(decision) || seated.includes(decision));
};
