import type { StoredCommit } from '@cs/eventing';
import type { GovernedAutomationRow } from './governance-rows.js';
import { known } from './governance.projection.js';
import { tenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

type Facts = Partial<Omit<GovernedAutomationRow, 'automation_id' | 'position' | 'org_id' | 'workspace_id' | 'deployment_id'>>;

const unknownAutomation = {
  made_at_ms: null, in_use: null, expires_at_ms: null, expiry_warned_ms: null, launched_at_ms: null, reviewed_at_ms: null, health_checked_at_ms: null, health_launched_at_ms: null,
  open_runs: null,
} as const;

type Event = RecordedIn<'automation'>;
type FactsOf<Type extends Event['event_type']> = (event: Extract<Event, { event_type: Type }>) => Facts | undefined;

const facts: { readonly [Type in Event['event_type']]?: FactsOf<Type> } = {
  // What a person made is not among them.
  automation_created: ({ data, recorded_at_ms }) => (data.provenance === undefined ? undefined : { made_at_ms: recorded_at_ms, in_use: 'yes', expires_at_ms: data.expires_at_ms ?? null }),
  automation_deleted: ({ data }) => (data.provenance === undefined ? undefined : { in_use: 'no' }),
  automation_retired: () => ({ in_use: 'no' }),
  automation_restored: () => ({ in_use: 'yes' }),
  automation_extended: ({ data }) => ({ expires_at_ms: data.expires_at_ms }),
  automation_expiry_warned: ({ data }) => ({ expiry_warned_ms: data.expires_at_ms }),
  automation_launch_admitted: ({ recorded_at_ms }) => ({ launched_at_ms: recorded_at_ms }),
  automation_reviewed: ({ recorded_at_ms }) => ({ reviewed_at_ms: recorded_at_ms }),
  automation_health_checked: ({ data, recorded_at_ms }) => ({ health_checked_at_ms: recorded_at_ms, health_launched_at_ms: data.launched_at_ms ?? recorded_at_ms, open_runs: data.health.open }),
};

/** What an event says of an automation that an agent made; `undefined` when it says nothing. */
const factsOf = (event: Event): Facts | undefined => {
  // The table has exactly the facts of each type; the compiler does not follow that through the look-up.
  const read = facts[event.event_type] as ((event: Event) => Facts | undefined) | undefined;
  return read?.(event);
};

/** Automations that agents made, after each event of a commit. */
export const projectGovernedAutomations = (stored: StoredCommit): readonly GovernedAutomationRow[] =>
  eventsOf('automation', stored).flatMap((event) => {
    const said = factsOf(event);
    const { automation_id, tenant_context } = event.data;
    return said === undefined ? [] : [{ ...tenantKey(tenant_context), automation_id, ...unknownAutomation, ...said, position: stored.position }];
  });

/** One that is created begins anew. */
export const mergeGovernedAutomations = (before: GovernedAutomationRow, after: GovernedAutomationRow): GovernedAutomationRow => (after.made_at_ms === null ? known(before, after) : after);
