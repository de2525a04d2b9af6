import { definedMembers } from '@cs/kernel';
import type { ExpiryPolicy, GatePolicyState, PendingGate } from '@cs/contracts';

const dayMs = 24 * 3_600_000;

/** What holds for gates that do not say how long they wait. */
export interface ExpiryDefault {
  readonly expires_after_ms: number;
  readonly on_expiry: NonNullable<ExpiryPolicy['on_expiry']>;
}

/** Seven days, then the run is cancelled (domain 5.9). */
export const sevenDays: ExpiryDefault = { expires_after_ms: 7 * dayMs, on_expiry: 'cancel' };

type Resolved = ExpiryPolicy & ExpiryDefault;

/** The policy in full; a duration that is missing or zero is the default's. */
export const resolveExpiry = (policy: ExpiryPolicy | undefined, fallback: ExpiryDefault = sevenDays): Resolved => ({
  ...definedMembers({ ...policy }), expires_after_ms: policy?.expires_after_ms || fallback.expires_after_ms, on_expiry: policy?.on_expiry ?? fallback.on_expiry,
});

/** Who is asked one after the other; somebody unnamed where the policy names nobody. */
export const escalationChain = ({ escalate_to = 'unassigned_escalation_principal' }: ExpiryPolicy): readonly string[] => (typeof escalate_to === 'string' ? [escalate_to] : escalate_to);

const fresh: GatePolicyState = { escalations: 0, reminder_count: 0 };
export const policyState = ({ policy_state = fresh }: PendingGate): GatePolicyState => policy_state;

/** What time asks of an open gate. `expire` and `resume` settle it. */
export type GateDuty = 'expire' | 'resume' | 'escalate' | 'remind' | 'mark_stale';
interface Due {
  readonly duty: GateDuty;
  readonly at_ms: number;
}

const expiryDuties: Readonly<Record<ExpiryDefault['on_expiry'], (gate: PendingGate) => GateDuty | undefined>> = {
  cancel: () => 'expire',
  resume: () => 'resume',
  // With a chain to go through, each has the time of the gate.
  escalate: (gate) => (policyState(gate).escalations < escalationChain(gate.expiry_policy ?? {}).length ? 'escalate' : undefined),
  remind: (gate) => (policyState(gate).expired_reminder === true ? undefined : 'remind'),
};

const expiryDue = (gate: PendingGate, at_ms: number): Due | undefined => {
  const duty = expiryDuties[gate.expiry_policy?.on_expiry ?? 'cancel'](gate);
  return duty && { duty, at_ms };
};

/** Reminders come after the last time anyone was asked, until the gate's time is over; with `remind` they go on after it. */
const reminderDue = (gate: PendingGate, expires_at_ms: number): Due | undefined => {
  const { remind_every_ms, on_expiry } = gate.expiry_policy ?? {};
  if (remind_every_ms === undefined) return undefined;
  const { last_reminded_at_ms = 0, escalated_at_ms = 0 } = policyState(gate);
  const at_ms = Math.max(gate.requested_at_ms, last_reminded_at_ms, escalated_at_ms) + remind_every_ms;
  return at_ms < expires_at_ms || on_expiry === 'remind' ? { duty: 'remind', at_ms } : undefined;
};

const staleDue = (gate: PendingGate): Due | undefined => (policyState(gate).stale === true ? undefined : { duty: 'mark_stale', at_ms: gate.requested_at_ms + dayMs });

/** What comes next for a gate, the first first; what settles it goes before the rest of its moment. */
const dues = (gate: PendingGate): readonly Due[] => {
  const { expires_at_ms } = gate;
  if (expires_at_ms === undefined) return [];
  return [expiryDue(gate, expires_at_ms), reminderDue(gate, expires_at_ms), staleDue(gate)].filter((due) => due !== undefined).sort((a, b) => a.at_ms - b.at_ms);
};

/** When time next asks something of a gate; `undefined` for never. */
export const gateDueAtMs = (gate: PendingGate): number | undefined => dues(gate)[0]?.at_ms;

/** What is due now. A gate that settles has no other duty: after downtime nobody is reminded of what is over. */
export const gateDuties = (gate: PendingGate, at_ms: number): readonly GateDuty[] => {
  const due = dues(gate).filter((one) => one.at_ms <= at_ms).map(({ duty }) => duty);
  const settling = due.find((duty) => duty === 'expire' || duty === 'resume');
  return settling === undefined ? [...new Set(due)] : [settling];
};

/** Its time is over, and it only has not been settled yet (domain 5.3, 9). */
export const isExpired = (gate: PendingGate, at_ms: number): boolean => gateDuties(gate, at_ms).some((duty) => duty === 'expire' || duty === 'resume');
