import type { WebhookDeliveryEvent, WebhookDeliveryFacts, WebhookTarget } from '@cs/contracts';
import fc from 'fast-check';
import { decideWebhookDelivery, evolveWebhookDelivery, maxRecordedRepetitions, webhookDeliveryToken, type WebhookDeliveryCommand, type WebhookDeliveryState } from './webhook-delivery.decider.js';

const facts: WebhookDeliveryFacts = {
  delivery_id: 'whd-1', trigger_id: 'wht-1', automation_id: 'a', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, provider: 'generic',
  idempotency_key: 'generic:evt-1', body_digest: `sha256:${'0'.repeat(64)}`, body_bytes: 2, received_at_ms: 5,
};
const accepted = { event_type: 'webhook_delivery_accepted', data: { receipt_id: 'r-1', delivery: facts, headers: {}, payload: {} } } as const;
const rejected = { event_type: 'webhook_delivery_rejected', data: { delivery: facts, reason: 'forged' } } as const;
const disabled = { event_type: 'webhook_delivery_disabled', data: { delivery: facts } } as const;
const first: WebhookTarget = { kind: 'wait', run_id: 'run-1', wait_id: 'wait-1' };
const second: WebhookTarget = { kind: 'wait', run_id: 'run-2', wait_id: 'wait-2' };
const ownRun: WebhookTarget = { kind: 'new_run', run_id: 'run-3' };
const ada = { kind: 'human', actor_id: 'ada' } as const;

const given = (...events: readonly WebhookDeliveryEvent[]): WebhookDeliveryState =>
  events.reduce<WebhookDeliveryState>((state, event, index) => evolveWebhookDelivery(state, { ...event, recorded_at_ms: index + 1 }), undefined);
const typesOf = (command: WebhookDeliveryCommand, state: WebhookDeliveryState): readonly string[] | string => {
  const decision = decideWebhookDelivery(command, state);
  return decision.kind === 'accepted' ? decision.events.map(({ event_type }) => event_type) : decision.refusal.code;
};
const consumed = (target: WebhookTarget): WebhookDeliveryEvent => ({ event_type: 'webhook_delivery_consumed', data: { target } });
const released: WebhookDeliveryEvent = { event_type: 'webhook_delivery_released', data: { target: first, reason: 'gone' } };
const routed: WebhookDeliveryEvent = { event_type: 'webhook_delivery_routed', data: { outcome: 'wake_run', run_id: 'run-1', wait_id: 'wait-1' } };
const unmatched: WebhookDeliveryEvent = { event_type: 'webhook_delivery_unmatched', data: {} };

describe('a webhook delivery', () => {
  it('is accepted once; what comes again is counted, and after a while not even that', () => {
    expect(typesOf({ type: 'receive', arrival: accepted, at_ms: 9 }, undefined)).toEqual(['webhook_delivery_accepted']);
    const repeated = { event_type: 'webhook_delivery_repeated', data: { receipt_id: 'r-1', received_at_ms: 9 } } as const;
    expect(typesOf({ type: 'receive', arrival: accepted, at_ms: 9 }, given(accepted))).toEqual(['webhook_delivery_repeated']);
    expect(typesOf({ type: 'receive', arrival: accepted, at_ms: 9 }, given(accepted, ...Array.from({ length: maxRecordedRepetitions }, () => repeated)))).toEqual([]);
  });

  it('is given to one receiver: who comes second is refused, who asks again is not', () => {
    expect(typesOf({ type: 'consume', target: first }, given(accepted))).toEqual(['webhook_delivery_consumed']);
    expect(typesOf({ type: 'consume', target: first }, given(accepted, consumed(first)))).toEqual([]);
    expect(typesOf({ type: 'consume', target: second }, given(accepted, consumed(first)))).toBe('delivery_taken');
    expect(typesOf({ type: 'consume', target: ownRun }, given(accepted, consumed(first), routed))).toBe('delivery_taken');
  });

  it('that nobody waited for is still to be had by a wait that opens later', () => {
    expect(typesOf({ type: 'consume', target: first }, given(accepted, unmatched))).toEqual(['webhook_delivery_consumed']);
  });

  it('is released by whom it was given to only, and may be had by another then', () => {
    expect(typesOf({ type: 'release', target: second, reason: 'gone' }, given(accepted, consumed(first)))).toEqual([]);
    expect(typesOf({ type: 'release', target: first, reason: 'gone' }, given(accepted, consumed(first)))).toEqual(['webhook_delivery_released']);
    expect(typesOf({ type: 'consume', target: second }, given(accepted, consumed(first), released))).toEqual(['webhook_delivery_consumed']);
    expect(typesOf({ type: 'settle', target: first }, given(accepted, consumed(first), released, consumed(second)))).toEqual([]);
  });

  it.each([['rejected', rejected], ['disabled', disabled]] as const)('that was %s is never given to anyone, nor replayed', (token, arrival) => {
    const state = given(arrival);
    expect(webhookDeliveryToken(state)).toBe(token);
    expect(typesOf({ type: 'consume', target: first }, state)).toBe('delivery_taken');
    expect(typesOf({ type: 'replay', replayed_by: ada }, state)).toBe('WEBHOOK_DELIVERY_NOT_REPLAYABLE');
  });

  it('is replayed only when its routing has ended', () => {
    expect(typesOf({ type: 'replay', replayed_by: ada }, given(accepted))).toBe('WEBHOOK_DELIVERY_NOT_REPLAYABLE');
    expect(typesOf({ type: 'replay', replayed_by: ada }, given(accepted, consumed(first)))).toBe('WEBHOOK_DELIVERY_NOT_REPLAYABLE');
    expect(typesOf({ type: 'replay', replayed_by: ada }, given(accepted, consumed(first), routed))).toEqual(['webhook_delivery_replayed']);
    expect(typesOf({ type: 'replay', replayed_by: ada }, given(accepted, unmatched))).toEqual(['webhook_delivery_replayed']);
    expect(typesOf({ type: 'replay', replayed_by: ada }, undefined)).toBe('WEBHOOK_DELIVERY_NOT_FOUND');
  });

  it('has a routing token that feeds the router while it is free, and its receiver while it is given', () => {
    expect([given(accepted), given(accepted, consumed(first)), given(accepted, consumed(first), released), given(accepted, unmatched), given(accepted, consumed(first), routed)].map(webhookDeliveryToken))
      .toEqual(['accepted', 'consumed', 'accepted', 'unmatched', 'settled']);
  });

  it('is never settled for two receivers without a replay in between, whatever is asked in whatever order', () => {
    const target = fc.constantFrom(first, second, ownRun);
    const command: fc.Arbitrary<WebhookDeliveryCommand> = fc.oneof(
      target.map((to) => ({ type: 'consume', target: to }) as const), target.map((to) => ({ type: 'settle', target: to }) as const),
      target.map((to) => ({ type: 'release', target: to, reason: 'gone' }) as const), fc.constant({ type: 'leave_unmatched' } as const),
      fc.constant({ type: 'receive', arrival: accepted, at_ms: 9 } as const), fc.constant({ type: 'suppress', reason: 'x' } as const),
    );
    fc.assert(fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      let state = given(accepted);
      let settled = 0;
      for (const next of commands) {
        const decision = decideWebhookDelivery(next, state);
        if (decision.kind === 'refused') continue;
        for (const event of decision.events) {
          if (event.event_type === 'webhook_delivery_routed') settled += 1;
          state = evolveWebhookDelivery(state, { ...event, recorded_at_ms: 1 });
        }
      }
      expect(settled).toBeLessThanOrEqual(1);
    }));
  });
});
