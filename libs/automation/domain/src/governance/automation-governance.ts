import type { AutomationEvent, GovernanceActor, Grant, Provenance } from '@cs/contracts';

/** What governs an automation. Absent from one that a person made and that nobody has governed yet. Plain JSON: it is stored as it is. */
export interface AutomationGovernance {
  /** Of what an agent made. */
  readonly provenance?: Provenance | undefined;
  /** What its definition of now declares to use. */
  readonly capabilities: readonly string[];
  /** Definitions of an agent that people allowed to start runs, newest last; bounded. */
  readonly approved: readonly string[];
  readonly grants: readonly Grant[];
  /** Capabilities whose grant was revoked. */
  readonly withdrawn: readonly string[];
  readonly retired?: { readonly reason: string } | undefined;
  readonly expires_at_ms?: number | undefined;
  readonly expired?: boolean | undefined;
  /** The expiry that people were warned of: another one is warned of anew. */
  readonly expiry_warned_ms?: number | undefined;
  readonly review?: { readonly reason: string } | undefined;
  readonly reviewed_at_ms?: number | undefined;
  readonly health_checked_at_ms?: number | undefined;
  /** The newest runs whose cost was a reason for a review; bounded. */
  readonly spikes?: readonly string[] | undefined;
  /** Runs that began since the last review. */
  readonly launches: number;
  /** The newest of them, newest last: a run that is delivered again counts once. */
  readonly recent_launches: readonly string[];
}

/** Approved definitions that are remembered. */
const maxApproved = 100;
const maxRecentLaunches = 64;
const maxReason = 2000;

export const ungoverned: AutomationGovernance = { capabilities: [], approved: [], grants: [], withdrawn: [], launches: 0, recent_launches: [] };

type Named<Type extends AutomationEvent['event_type']> = Extract<AutomationEvent, { event_type: Type }>;
/** Events that store a definition, or that the automation is gone. */
export type StoredEvent = Named<'automation_created' | 'automation_updated' | 'automation_paused' | 'automation_resumed' | 'automation_shared' | 'automation_deleted'>;
export type GovernanceEvent = Exclude<AutomationEvent, StoredEvent>;

const withLast = (list: readonly string[], item: string, most: number): readonly string[] => [...list.filter((each) => each !== item), item].slice(-most);

const isAgent = ({ kind }: GovernanceActor): boolean => kind === 'agent';

interface Before {
  readonly governance?: AutomationGovernance | undefined;
  readonly definition_hash: string;
}

/** A person's change of what a person allowed stays allowed; an agent's change has to be allowed anew. */
const approvedAfter = (governance: AutomationGovernance, before: Before | undefined, { data }: StoredEvent): readonly string[] => {
  const isCarriedOver = before !== undefined && !isAgent(data.changed_by) && governance.approved.includes(before.definition_hash);
  return isCarriedOver ? withLast(governance.approved, data.definition_hash, maxApproved) : governance.approved;
};

const made = ({ data: { provenance, declared_capabilities = [], expires_at_ms } }: StoredEvent): AutomationGovernance | undefined =>
  provenance === undefined && declared_capabilities.length === 0
    ? undefined
    : { ...ungoverned, ...(provenance === undefined ? {} : { provenance }), ...(expires_at_ms === undefined ? {} : { expires_at_ms }) };

/** What governs an automation after its definition was stored. */
export const governanceAfterStore = (before: Before | undefined, event: StoredEvent): AutomationGovernance | undefined => {
  const known = before?.governance ?? made(event);
  return known && { ...known, capabilities: event.data.declared_capabilities ?? [], approved: approvedAfter(known, before, event) };
};

const withGrant = ({ grants, ...governance }: AutomationGovernance, grant: Grant): AutomationGovernance => ({
  ...governance, grants: [...grants.filter(({ grant_id }) => grant_id !== grant.grant_id), grant], withdrawn: governance.withdrawn.filter((capability) => capability !== grant.capability),
});

const withoutGrant = (governance: AutomationGovernance, { data: { grant } }: Named<'automation_grant_revoked'>): AutomationGovernance => ({
  ...governance, grants: governance.grants.filter(({ grant_id }) => grant_id !== grant.grant_id),
  withdrawn: grant.capability === undefined ? governance.withdrawn : withLast(governance.withdrawn, grant.capability, maxApproved),
});

/** Capabilities are granted by whoever allows the definition that declares them. */
const approved = (governance: AutomationGovernance, { data, recorded_at_ms: granted_at_ms }: Named<'automation_definition_approved'> & { readonly recorded_at_ms: number }): AutomationGovernance =>
  data.capabilities.reduce<AutomationGovernance>(
    (granted, capability) => withGrant(granted, { grant_id: `capability-${capability}`, kind: 'capability', capability, granted_by: data.approved_by, granted_at_ms }),
    { ...governance, approved: withLast(governance.approved, data.definition_hash, maxApproved) },
  );

const launched = (governance: AutomationGovernance, run_id: string): AutomationGovernance => ({
  ...governance, launches: governance.launches + 1, recent_launches: withLast(governance.recent_launches, run_id, maxRecentLaunches),
});

/** A finding that comes while a review is due joins what it is due for. */
const reviewRequired = (governance: AutomationGovernance, { data: { reason, findings = [] } }: Named<'automation_review_required'>): AutomationGovernance => {
  const spikes = findings.flatMap((finding) => (finding.kind === 'cost_spike' ? [finding.run_id] : []));
  return {
    ...governance, review: { reason: governance.review === undefined ? reason : `${governance.review.reason}; ${reason}`.slice(0, maxReason) },
    ...(spikes.length === 0 ? {} : { spikes: spikes.reduce((known, run_id) => withLast(known, run_id, maxRecentLaunches), governance.spikes ?? []) }),
  };
};

const reviewed = ({ review: _review, ...governance }: AutomationGovernance, { recorded_at_ms }: Recorded): AutomationGovernance => ({ ...governance, launches: 0, reviewed_at_ms: recorded_at_ms });

type Recorded = GovernanceEvent & { readonly recorded_at_ms: number };
type Evolvers = { readonly [Type in GovernanceEvent['event_type']]: (governance: AutomationGovernance, event: Extract<Recorded, { event_type: Type }>) => AutomationGovernance };

const evolvers: Evolvers = {
  automation_definition_approved: approved,
  automation_retired: (governance, { data: { reason } }) => ({ ...governance, retired: { reason } }),
  automation_restored: ({ retired: _retired, ...governance }) => governance,
  automation_extended: (governance, { data: { expires_at_ms } }) => ({ ...governance, expires_at_ms, expired: false }),
  automation_expired: (governance) => ({ ...governance, expired: true }),
  automation_launch_admitted: (governance, { data }) => launched(governance, data.run_id),
  automation_expiry_warned: (governance, { data }) => ({ ...governance, expiry_warned_ms: data.expires_at_ms }),
  automation_health_checked: (governance, { recorded_at_ms }) => ({ ...governance, health_checked_at_ms: recorded_at_ms }),
  automation_review_required: reviewRequired,
  automation_reviewed: reviewed,
  automation_grant_added: (governance, { data }) => withGrant(governance, data.grant),
  automation_grant_revoked: withoutGrant,
};

export const isGovernanceEvent = (event: AutomationEvent): event is GovernanceEvent => Object.hasOwn(evolvers, event.event_type);

export const evolveGovernance = (before: AutomationGovernance | undefined, event: Recorded): AutomationGovernance => {
  // The table has exactly the evolver of each type; the compiler does not follow that through the look-up.
  const evolve = evolvers[event.event_type] as (governance: AutomationGovernance, event: Recorded) => AutomationGovernance;
  return evolve(before ?? ungoverned, event);
};

/** Capabilities that the definition declares and that were taken from it. */
const missingCapabilities = ({ capabilities, withdrawn }: AutomationGovernance): readonly string[] => capabilities.filter((capability) => withdrawn.includes(capability));

/** Why no run of an automation starts. */
export interface LaunchHold {
  readonly kind: 'retired' | 'expired' | 'authority_revoked' | 'review_required' | 'activation_required' | 'agent_authority_revoked' | 'agent_spend_paused';
  readonly reason: string;
}

const madeByAgent = ({ provenance }: AutomationGovernance): boolean => provenance !== undefined;

const isExpired = ({ expired, expires_at_ms = Infinity }: AutomationGovernance, at_ms: number): boolean => expired === true || expires_at_ms <= at_ms;

/** What holds every launch, in this order, whatever definition it is of. */
export const launchHold = (governance: AutomationGovernance | undefined, at_ms: number): LaunchHold | undefined => {
  if (governance === undefined) return undefined;
  if (governance.retired !== undefined) return { kind: 'retired', reason: `the automation is retired: ${governance.retired.reason}` };
  if (isExpired(governance, at_ms)) return { kind: 'expired', reason: 'the time of the automation is over; a person can extend it' };
  const [missing] = missingCapabilities(governance);
  if (missing !== undefined) return { kind: 'authority_revoked', reason: `the automation uses "${missing}", which it may not any more` };
  return governance.review === undefined ? undefined : { kind: 'review_required', reason: `a person has to review the automation: ${governance.review.reason}` };
};

export const isApproved = (governance: AutomationGovernance | undefined, definition_hash: string): boolean =>
  governance === undefined || !madeByAgent(governance) || governance.approved.includes(definition_hash);

/** As `launchHold`, for one definition. */
export const launchHoldOf = (governance: AutomationGovernance | undefined, { definition_hash, at_ms }: { readonly definition_hash: string; readonly at_ms: number }): LaunchHold | undefined =>
  launchHold(governance, at_ms) ?? (isApproved(governance, definition_hash) ? undefined : { kind: 'activation_required', reason: 'an agent made this definition, and no person has allowed it to start runs' });
