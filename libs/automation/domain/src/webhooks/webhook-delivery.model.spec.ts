import fc from 'fast-check';
import type { WebhookDeliveryEvent, WebhookDeliveryFacts, WebhookTarget } from '@cs/contracts';
import { bounds, happening } from '../happening.fixture.js';
import { holds } from '../run-invariants.fixture.js';
import {
  decideWebhookDelivery, evolveWebhookDelivery, isSameTarget, maxRecordedRepetitions, webhookDeliveryToken, type WebhookDeliveryCommand, type WebhookDeliveryState,
} from './webhook-delivery.decider.js';

type Recorded = WebhookDeliveryEvent & { readonly recorded_at_ms: number };
const delivery: WebhookDeliveryFacts = {
  delivery_id: 'd-1', trigger_id: 't-1', automation_id: 'a', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, provider: 'custom',
  idempotency_key: 'custom:1', body_digest: `sha256:${'0'.repeat(64)}`, body_bytes: 2, received_at_ms: 1000,
};
const arrival = (receipt: number): WebhookDeliveryCommand => ({
  type: 'receive', at_ms: receipt, arrival: { event_type: 'webhook_delivery_accepted', data: { delivery, receipt_id: `r-${receipt}`, headers: {}, payload: { n: 1 } } },
});

const targets: readonly WebhookTarget[] = [
  { kind: 'wait', run_id: 'run-1', wait_id: 'w-1' }, { kind: 'wait', run_id: 'run-1', wait_id: 'w-2' }, { kind: 'wait', run_id: 'run-2', wait_id: 'w-1' }, { kind: 'new_run', run_id: 'run-3' },
];

/** A delivery in a log that takes a commit only on the newest version, and whoever wants it. */
class DeliveryWorld {
  atMs = 1000;
  readonly events: Recorded[] = [];
  state: WebhookDeliveryState;
  #slow: { readonly command: WebhookDeliveryCommand; readonly version: number } | undefined;

  apply(command: WebhookDeliveryCommand): void {
    this.atMs += 1;
    const before = this.state;
    const decision = decideWebhookDelivery(command, before);
    if (decision.kind === 'refused') return;
    for (const event of decision.events) {
      this.#check(before, event);
      const recorded = { ...event, recorded_at_ms: this.atMs };
      this.events.push(recorded);
      this.state = evolveWebhookDelivery(this.state, recorded);
    }
  }

  /** Someone decided, and is slow: the log tells them that they have to look again, if anything happened meanwhile. */
  begin(command: WebhookDeliveryCommand): void {
    this.#slow = { command, version: this.events.length };
  }

  goOn(): void {
    if (this.#slow !== undefined) this.apply(this.#slow.command);
    this.#slow = undefined;
  }

  #check(before: WebhookDeliveryState, event: WebhookDeliveryEvent): void {
    if (event.event_type === 'webhook_delivery_consumed') holds(before?.stage === 'routing' || before?.stage === 'unmatched', 'only what nobody has is given to someone', () => before);
    if (event.event_type === 'webhook_delivery_released') holds(before?.stage === 'consumed' && isSameTarget(before.target, event.data.target), 'only who has it gives it back', () => [before, event]);
    if (event.event_type === 'webhook_delivery_routed') holds(before?.stage === 'consumed' && before.target?.run_id === event.data.run_id, 'it is settled with who has it', () => [before, event]);
  }
}

const target = fc.constantFrom(...targets);
const happenings = [
  ...[1, 2].map(() => happening<DeliveryWorld, number>('it comes', fc.nat(20), (world, receipt) => world.apply(arrival(receipt)))),
  ...[1, 2].map(() => happening<DeliveryWorld, WebhookTarget>('consume', target, (world, wanted) => world.apply({ type: 'consume', target: wanted }))),
  happening<DeliveryWorld, WebhookTarget>('release', target, (world, held) => world.apply({ type: 'release', target: held, reason: 'the wait ended otherwise' })),
  happening<DeliveryWorld, WebhookTarget>('settle', target, (world, held) => world.apply({ type: 'settle', target: held })),
  happening<DeliveryWorld, number>('settle with who has it', fc.constant(0), (world) => world.state?.target && world.apply({ type: 'settle', target: world.state.target })),
  happening<DeliveryWorld, number>('nothing waits for it', fc.constant(0), (world) => world.apply({ type: 'leave_unmatched' })),
  happening<DeliveryWorld, 'suppress' | 'fail'>('it is given up', fc.constantFrom('suppress', 'fail'), (world, type) => world.apply({ type, reason: 'x' })),
  happening<DeliveryWorld, number>('replay', fc.constant(0), (world) => world.apply({ type: 'replay', replayed_by: { kind: 'human', actor_id: 'ada' } })),
  happening<DeliveryWorld, WebhookTarget>('somebody slow begins', target, (world, wanted) => world.begin({ type: 'consume', target: wanted })),
  happening<DeliveryWorld, number>('somebody slow goes on', fc.constant(0), (world) => world.goOn()),
];

const play = (property: (world: DeliveryWorld) => void) =>
  fc.property(fc.commands(happenings, { maxCommands: 60, size: 'max' }), (commands) => {
    const world = new DeliveryWorld();
    fc.modelRun(() => ({ model: {}, real: world }), commands);
    property(world);
  });

describe('a webhook delivery, whoever wants it at once', () => {
  it('is with one receiver at a time, and settled with one for each time that it is routed', () => {
    fc.assert(play(({ events, state }) => {
      let holder: WebhookTarget | undefined;
      let settled = 0;
      let rounds = 1;
      for (const event of events) {
        if (event.event_type === 'webhook_delivery_consumed') {
          expect(holder).toBeUndefined();
          holder = event.data.target;
        }
        if (event.event_type === 'webhook_delivery_released') holder = undefined;
        if (event.event_type === 'webhook_delivery_routed') settled += 1;
        if (event.event_type === 'webhook_delivery_replayed') {
          rounds += 1;
          holder = undefined;
        }
      }
      expect(settled).toBeLessThanOrEqual(rounds);
      if (state?.stage === 'consumed') expect(state.target).toEqual(holder);
    }), bounds);
  });

  it('that comes again and again leaves few traces, and always says who is to look at it', () => {
    fc.assert(play(({ events, state }) => {
      expect(events.filter(({ event_type }) => event_type === 'webhook_delivery_accepted').length).toBeLessThanOrEqual(1);
      expect(events.filter(({ event_type }) => event_type === 'webhook_delivery_repeated').length).toBeLessThanOrEqual(maxRecordedRepetitions);
      expect(webhookDeliveryToken(state) === 'accepted').toBe(state?.status === 'accepted' && state.stage === 'routing');
      expect(webhookDeliveryToken(state) === 'consumed').toBe(state?.status === 'accepted' && state.stage === 'consumed');
    }), bounds);
  });

  it('is the same however often it is folded', () => {
    fc.assert(play(({ events, state }) => expect((JSON.parse(JSON.stringify(events)) as Recorded[]).reduce<WebhookDeliveryState>(evolveWebhookDelivery, undefined)).toEqual(state)), bounds);
  });
});
