import { appendEvents, loadAggregate, unwritten } from '@cs/eventing';
import type { RunEvent } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { ada, InMemoryApplication, tenant } from './in-memory-application.fixture.js';
import { runAggregate } from './run.aggregate.js';

const effect_id = 'run-1:pay:0';
const wait = { wait_id: 'automation-v2:run-1:pay:0:backoff:1', node_id: 'pay', wait_kind: 'retry_backoff', wake_at_ms: 2_000_000, created_at_ms: 1_000_000 } as const;
const failure = { kind: 'timeout', message: 'no answer' };

/** Until the run waits for another attempt, because nobody heard how the first one ended. */
const history: readonly RunEvent[] = [
  { event_type: 'run_created', data: {
    run_id: 'run-1', automation_id: 'refunds', tenant_context: tenant, trigger_type: 'manual', requested_by: ada, input: {}, workflow_definition_version: 'v1',
    workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'guided', node_ids: ['pay'],
  } },
  { event_type: 'run_execution_claimed', data: { claim: { claim_id: 'claim-1', claimant_id: 'runner-1', claimed_at_ms: 1_000_000, lease_expires_at_ms: 1_015_000, lease_epoch: 1 } } },
  { event_type: 'node_started', data: { node_id: 'pay', attempt: 1, effect: { operation: 'http.post', target: 'http://peer/pay', effect_id, idempotency_key: effect_id, mode: 'keyed' } } },
  { event_type: 'node_retry_backoff_scheduled', data: {
    node_id: 'pay', attempt: 1, next_attempt: 2, max_attempts: 3, backoff_ms: 1000, retry_after_ms: 2_000_000, reason: 'no answer', failure, retry_decision: 'retry_scheduled', wait, unknown_effect_id: effect_id,
  } },
];

/** As 0.1.0 wrote runs. */
const earlier: typeof runAggregate = {
  ...runAggregate, stateVersion: 1, isAtRest: () => true,
  writeState: (run) => {
    const { unknown_effects: _forgotten, ...checkpoint } = run?.checkpoint ?? {};
    return { ...run, checkpoint } as unknown as Json;
  },
};

describe('runs in the log', () => {
  it('remember what may have happened, although 0.1.0 carried a state that did not', async () => {
    const { eventing, store } = new InMemoryApplication();
    const ref = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: 'run-1' } as const;
    let loaded = unwritten(earlier, ref);
    for (const event of history) {
      const appended = await appendEvents({ eventing, aggregate: earlier }, loaded, { events: [event], context: { at_ms: 1_000_000 } });
      if (appended.kind !== 'appended') throw new Error(appended.kind);
      loaded = appended.loaded;
    }
    expect((await store.last(ref))?.commit.state?.version).toBe(1);
    expect((await loadAggregate({ store, aggregate: runAggregate }, ref)).state?.checkpoint.unknown_effects).toEqual({ pay: effect_id });
  });
});
