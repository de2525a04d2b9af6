import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventCatalogue, isAggregateName, recordedEventSchema, type AggregateName, type Commit, type EventTable, type RecordedEvent } from '@cs/contracts';
import { decodeCommit } from '@cs/eventing';
import { toPosition, type JsonObject } from '@cs/kernel';
import { denialSuffix } from './audit-access.js';
import { auditFactsOf, type AuditFacts } from './audit-record.js';

/*
 * What leaves a record in the audit, and what does not. Which events do, and what their records hold, is part of
 * what is signed: for a released version of an event it never changes.
 */
const notAudited: Readonly<Record<string, readonly string[]>> = {
  'follows from an audited command, or from the definition': [
    'definition_stored', 'automation_launch_admitted', 'run_paused', 'run_cancelled', 'run_completed', 'run_failed', 'run_blocked', 'node_approval_rollback', 'webhook_token_bound', 'channel_callback_bound', 'handoff_consumed', 'watch_triggered',
    'abandoned_children_cancelled', 'agent_automation_released', 'policy_effect_allowed',
  ],
  'is how a run is executed': [
    'run_execution_claimed', 'run_execution_claim_expired_requeued', 'node_started', 'node_completed', 'node_failed', 'node_blocked', 'node_retry_backoff_scheduled', 'node_skipped_no_work', 'node_fan_out_started', 'run_parked',
    'run_launch_held', 'run_launch_released', 'run_interrupted_shutdown', 'run_queue_message_renewed', 'admission_acquired', 'admission_queued', 'admission_offered', 'admission_ended',
  ],
  'is a wait that ends, or time that passes': [
    'wait_node_registered', 'stateful_wait_woken_requeued', 'stateful_wait_timeout_cancelled_run', 'stateful_wait_timeout_paused_run', 'stateful_wait_timeout_reminded', 'schedule_armed', 'schedule_fired', 'schedule_skipped', 'schedule_disarmed',
  ],
  'is supervision': [
    'run_usage_recorded', 'agent_spend_recorded', 'automation_health_checked', 'autonomy_spent', 'run_auto_resumed', 'node_repair_requested', 'node_schema_validation_paused', 'run_paused_stale_no_provider_activity', 'run_failed_stale_no_provider_activity', 'run_pausing_settled_on_restart',
  ],
  'is how somebody is told, or what came in': [
    'delivery_requested', 'delivery_item_added', 'delivery_item_counted', 'delivery_hastened', 'delivery_attempt_started', 'delivery_posted', 'delivery_attempt_failed', 'delivery_sent', 'delivery_abandoned', 'delivery_duplicate_found',
    'channel_audience_chosen', 'channel_connection_changed', 'channel_thread_begun', 'channel_interaction_received', 'channel_interaction_settled', 'webhook_delivery_accepted', 'webhook_delivery_rejected', 'webhook_delivery_disabled', 'webhook_delivery_repeated', 'webhook_delivery_consumed',
    'webhook_delivery_released', 'webhook_delivery_routed', 'webhook_delivery_unmatched', 'webhook_delivery_suppressed', 'webhook_delivery_failed',
  ],
};

const folder = path.resolve(import.meta.dirname, '../../contracts/src/golden');
const catalogue = Object.entries(eventCatalogue).flatMap(([aggregate, table]) => Object.entries<EventTable[string]>(table).map(([type, { audit, version }]) => ({ aggregate, type, audit, version })));
const audited = catalogue.flatMap(({ aggregate, type, audit, version }) => (audit === undefined || !isAggregateName(aggregate) ? [] : [{ aggregate, type, audit, version }]));

const golden = (aggregate: AggregateName, type: string, version: number): RecordedEvent =>
  recordedEventSchema.parse(JSON.parse(readFileSync(path.join(folder, `${aggregate}.${type}.v${version}.json`), 'utf8')));

const recordOf = ({ aggregate, type, version }: { readonly aggregate: AggregateName; readonly type: string; readonly version: number }): AuditFacts | undefined => {
  const commit: Commit = { commit_id: 'c', previous: 0, version: 1, events: [golden(aggregate, type, version)] };
  const ref = { org_id: 'acme', workspace_id: 'ops', aggregate, id: 'x' };
  const stored = decodeCommit({ ref, status: 'x' }, { position: toPosition(1), body: JSON.stringify(commit) });
  return auditFactsOf(stored, { org_id: 'acme', workspace_id: 'ops', deployment_id: '' })[0];
};

/** Members of an event that say who did it. */
const whoMembers = (data: unknown): readonly string[] => Object.keys(data as JsonObject).filter((name) => /(^|_)by$/.test(name) && !/^(consumed|initiated)_by$/.test(name));
const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

describe('the audit', () => {
  it('has a type for every event, or a reason why it has none', () => {
    const known = new Set(Object.values(notAudited).flat());
    expect(catalogue.filter(({ audit, type }) => audit === undefined && !known.has(type)).map(({ type }) => type)).toEqual([]);
    expect(catalogue.filter(({ audit, type }) => audit !== undefined && known.has(type)).map(({ type }) => type)).toEqual([]);
    expect([...known].filter((type) => !catalogue.some((event) => event.type === type))).toEqual([]);
  });

  it.each(audited)('holds a record of $aggregate $type: $audit', ({ audit, ...event }) => {
    const record = recordOf(event);
    expect(record).toMatchObject({ event_type: audit, durability: 'durable_required', org_id: 'acme', position: 1 });
    const { runID: _run, automationID: _automation, deliveryID: _delivery, ...facts } = record?.payload ?? {};
    // What happened, beside where; the type itself says all of these.
    if (!['run_resumed', 'run_pause_requested', 'automation_expired'].includes(event.type)) expect(Object.keys(facts)).not.toEqual([]);
  });

  it.each(audited.filter(({ aggregate, type, version }) => whoMembers(golden(aggregate, type, version).data).length > 0))('says who did it: $type', (event) => {
    const { data, actor } = golden(event.aggregate, event.type, event.version);
    for (const name of whoMembers(data)) expect(recordOf(event)?.payload).toHaveProperty(camelCase(name), (data as JsonObject)[name]);
    expect(recordOf(event)?.actor).toEqual(actor ?? null);
  });

  it('says of every refusal that it is one', () => {
    const refusals = audited.filter(({ type }) => /refused|denied/.test(type));
    expect(refusals.length).toBeGreaterThan(4);
    for (const { audit } of refusals) expect(audit.endsWith(denialSuffix)).toBe(true);
    for (const { aggregate, type, version } of refusals) expect(recordOf({ aggregate, type, version })?.payload).toMatchObject(type === 'governance_approval_denied' ? {} : type === 'policy_effect_denied' ? { decision: 'deny' } : { code: expect.any(String) });
  });

  it('has a golden event for each that it holds', () => {
    const files = new Set(readdirSync(folder));
    expect(audited.filter(({ aggregate, type, version }) => !files.has(`${aggregate}.${type}.v${version}.json`))).toEqual([]);
  });
});
