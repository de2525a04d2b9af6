import type { DeliveryEvent, DeliveryRequest } from '@cs/contracts';
import fc from 'fast-check';
import { maxHarmlessAttempts } from './back-off.policy.js';
import { deliveryAggregate } from './delivery-aggregate.js';
import { deliveryDecider, type DeliveryCommand } from './delivery.decider.js';
import { isOpen, type Delivery } from './delivery.state.js';
import type { AdapterOutcome } from './channel-adapter.port.js';
import type { ChannelOutcome } from './notification-channel.port.js';

const request: DeliveryRequest = {
  delivery_id: 'delivery-1', channel: 'webhook', notice: 'gate_opened', run_id: 'r', automation_id: 'a', node_id: 'n', approval_request_id: 'q', gate_opening_id: 'o', card: {},
};
const requested: DeliveryEvent = { event_type: 'delivery_requested', data: request };
const failedAt = (attempt: number): DeliveryEvent => ({ event_type: 'delivery_attempt_failed', data: { attempt, reason: 'busy', failed_at_ms: 1 } });
const outcome = (value: ChannelOutcome | AdapterOutcome, max_attempts = 3): DeliveryCommand => ({ kind: 'record_outcome', outcome: value, at_ms: 9, max_attempts });
const fold = (events: readonly DeliveryEvent[]): Delivery => events.reduce(deliveryDecider.evolve, deliveryDecider.initialState);
const given = (...events: readonly DeliveryEvent[]) => ({ when: (command: DeliveryCommand) => deliveryDecider.decide(command, fold(events)) });

describe('a delivery', () => {
  it('is requested once', () => {
    expect(given().when({ kind: 'request', request })).toEqual({ kind: 'accepted', events: [requested] });
    expect(given(requested).when({ kind: 'request', request })).toEqual({ kind: 'accepted', events: [] });
  });

  it('is sent', () => {
    expect(given(requested, failedAt(1)).when(outcome({ kind: 'sent', message_id: 'm' }))).toEqual({ kind: 'accepted', events: [{ event_type: 'delivery_sent', data: { attempt: 2, sent_at_ms: 9, message_id: 'm' } }] });
  });

  it('is tried again after a transient failure, until the last attempt', () => {
    const busy = outcome({ kind: 'transient', reason: 'busy' });
    expect(given(requested).when(busy)).toMatchObject({ events: [{ event_type: 'delivery_attempt_failed', data: { attempt: 1, reason: 'busy', failed_at_ms: 9 } }] });
    expect(given(requested, failedAt(1), failedAt(2)).when(busy)).toMatchObject({ events: [{ event_type: 'delivery_abandoned', data: { attempt: 3 } }] });
  });

  it('does not count what surely did nothing, within a limit of its own', () => {
    const limited = { kind: 'transient', reason: 'limited', not_posted: true } as const;
    const harmless = (count: number): DeliveryEvent[] => Array.from({ length: count }, (_none, index) => ({ event_type: 'delivery_attempt_failed', data: { attempt: index + 1, reason: 'limited', failed_at_ms: 1, not_posted: true } }));
    expect(given(requested, ...harmless(10)).when(outcome(limited))).toMatchObject({ events: [{ event_type: 'delivery_attempt_failed', data: { attempt: 11, not_posted: true } }] });
    expect(given(requested, ...harmless(10), failedAt(11)).when(outcome({ kind: 'transient', reason: 'busy' }))).toMatchObject({ events: [{ event_type: 'delivery_attempt_failed' }] });
    expect(given(requested, ...harmless(10), failedAt(11), failedAt(12)).when(outcome({ kind: 'transient', reason: 'busy' }))).toMatchObject({ events: [{ event_type: 'delivery_abandoned', data: { attempt: 13 } }] });
    expect(given(requested, ...harmless(maxHarmlessAttempts - 1)).when(outcome(limited))).toMatchObject({ events: [{ event_type: 'delivery_abandoned', data: { attempt: maxHarmlessAttempts } }] });
  });

  it.each(['gate_decided', 'gate_closed'] as const)('is tried longer when it takes the buttons from a card: %s', (notice) => {
    const end: DeliveryEvent = { event_type: 'delivery_requested', data: { ...request, notice } };
    const busy = outcome({ kind: 'transient', reason: 'busy' });
    const failures = Array.from({ length: maxHarmlessAttempts - 1 }, (_none, index) => failedAt(index + 1));
    expect(given(end, ...failures.slice(0, -1)).when(busy)).toMatchObject({ events: [{ event_type: 'delivery_attempt_failed' }] });
    expect(given(end, ...failures).when(busy)).toMatchObject({ events: [{ event_type: 'delivery_abandoned' }] });
  });

  it('lists so many items, counts the ones after them, and each once', () => {
    const add = (id: string): DeliveryCommand => ({ kind: 'add_item', item_id: id, item_key: `key-${id}`, item: {} });
    const listed = Array.from({ length: 200 }, (_none, index): DeliveryEvent => ({ event_type: 'delivery_item_added', data: { item_id: `i${index}`, item: {} } }));
    const counted: DeliveryEvent = { event_type: 'delivery_item_counted', data: { item_key: 'key-i200' } };
    expect(given(requested, ...listed.slice(1)).when(add('i0'))).toEqual({ kind: 'accepted', events: [listed[0]] });
    expect(given(requested, ...listed).when(add('i200'))).toEqual({ kind: 'accepted', events: [counted] });
    for (const again of ['i7', 'i200']) expect(given(requested, ...listed, counted).when(add(again))).toEqual({ kind: 'accepted', events: [] });
    const full = Array.from({ length: 10_000 }, (_none, index): DeliveryEvent => ({ event_type: 'delivery_item_counted', data: { item_key: `${index}` } }));
    expect(given(requested, ...listed, ...full).when(add('more'))).toEqual({ kind: 'accepted', events: [] });
  });

  it('is given up at once when the channel refuses for good', () => {
    expect(given(requested).when(outcome({ kind: 'permanent', reason: 'gone' }))).toMatchObject({ events: [{ event_type: 'delivery_abandoned', data: { attempt: 1, reason: 'gone' } }] });
  });

  it('cannot have an outcome before it was requested', () => {
    expect(given().when(outcome({ kind: 'sent' }))).toMatchObject({ kind: 'refused', refusal: { code: 'DELIVERY_NOT_REQUESTED' } });
  });

  it('ends, never changes after its end, counts its attempts, and only its request is routed to the senders', () => {
    const outcomes: fc.Arbitrary<ChannelOutcome> = fc.oneof(
      fc.constant({ kind: 'sent' } as const), fc.constant({ kind: 'transient', reason: 'busy' } as const), fc.constant({ kind: 'permanent', reason: 'no' } as const),
    );
    const commands = fc.array(fc.oneof(fc.constant<DeliveryCommand>({ kind: 'request', request }), outcomes.map((value) => outcome(value, 5))), { maxLength: 20 });
    fc.assert(fc.property(commands, (list) => {
      let state = deliveryDecider.initialState;
      let pendingCommits = 0;
      let tries = 0;
      for (const command of list) {
        const before = state;
        const decision = deliveryDecider.decide(command, state);
        const events = decision.kind === 'accepted' ? decision.events : [];
        state = events.reduce(deliveryDecider.evolve, state);
        if (events.length > 0 && deliveryAggregate.status(state) === 'pending') pendingCommits += 1;
        if (events.some((event) => event.event_type !== 'delivery_requested')) tries += 1;
        if (before.status !== 'none' && !isOpen(before)) expect(state).toEqual(before);
        expect(deliveryAggregate.readState(deliveryAggregate.writeState(state))).toEqual(state);
      }
      expect(pendingCommits).toBeLessThanOrEqual(1);
      expect(tries).toBeLessThanOrEqual(5);
      if (state.status !== 'none') expect(state.attempts).toBe(tries);
    }));
  });
});
