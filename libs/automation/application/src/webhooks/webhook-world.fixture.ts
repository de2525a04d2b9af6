import { isFree, matchesDelivery, type RoutedDelivery, type WebhookDelivery } from '@cs/automation-domain';
import type { AggregateRef, OpenWait, Run } from '@cs/contracts';
import { loadAggregate, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { createHash, createHmac } from 'node:crypto';
import { deliverWebhookToWait } from '../deliver-webhook.command-handler.js';
import { callBy, tenant, valueOf } from '../in-memory-application.fixture.js';
import { Crash, StepWorld } from '../step-world.fixture.js';
import type { WakeOptions } from '../wait-ending.js';
import { createTrigger } from './configure-trigger.command-handler.js';
import { receiveWebhook } from './receive-webhook.command-handler.js';
import { findEarlyDelivery, routeDelivery, settleDelivery, type RouteOptions } from './route-delivery.command-handler.js';
import { startWebhookRun } from './start-webhook-run.js';
import type { ReceiveOptions, WebhookTriggerOptions } from './webhook.ports.js';
import { webhookDeliveryAggregate } from './webhook.aggregates.js';

const secret = 's'.repeat(32);

/** Webhooks over the log in memory. The projections are the log up to `projected`; consumers do what `follow` or a test gives them. */
export class WebhookWorld extends StepWorld {
  /** Position up to which the projections know the log. */
  projected = 0;
  /** Deliveries that are listed at a time. */
  listed = Infinity;
  token = '';
  trigger_id = '';
  #tokens = 0;
  readonly hmac: ReceiveOptions['hmac'] = (key, ...parts) => parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest('hex');
  readonly triggers: WebhookTriggerOptions & ReceiveOptions = {
    eventing: this.app.eventing, definitions: this.app.definitions, newId: this.app.newId, newToken: () => `token-${(this.#tokens += 1)}`, allowUnsigned: false,
    secrets: { secretOf: () => secret }, hmac: this.hmac, recordsRefusal: () => true,
  };
  readonly wake: WakeOptions = { eventing: this.app.eventing, definitions: this.app.definitions, timers: this.schedule, changes: { announce: () => undefined, listen: () => () => undefined } };
  readonly routes: RouteOptions = {
    eventing: this.app.eventing, startRun: startWebhookRun(this.app), deliver: (run, given) => deliverWebhookToWait(this.wake, run, given),
    lookups: {
      waitsFor: async (facts, { minPosition, limit }) => {
        if (this.projected < minPosition) return undefined;
        const delivery = await this.#delivery(facts.delivery_id);
        return (await this.waiting()).filter(({ wait }) => wait.webhook_match?.trigger_id === facts.trigger_id && matchesDelivery(wait.webhook_match, delivery)).map(({ run_id, wait: { wait_id } }) => ({ run_id, wait_id })).slice(0, limit);
      },
      deliveriesFor: async (_tenant, { match, minPosition }) => {
        if (this.projected < minPosition) return undefined;
        const known = new Set(this.#shown().map(({ ref }) => ref.id));
        const deliveries = (await this.deliveries()).filter(({ delivery }) => known.has(delivery.delivery_id));
        return deliveries.filter((state) => isFree(state) && state.delivery.trigger_id === match.trigger_id).map(({ delivery }) => delivery.delivery_id).slice(0, this.listed);
      },
    },
  };

  async trigger(starts_runs: boolean): Promise<void> {
    const { value } = valueOf(await createTrigger(this.triggers, callBy(), { automation_id: 'hooked', provider: 'generic', starts_runs, command_id: 'once' }));
    this.trigger_id = value.trigger.trigger_id;
    this.token = value.webhook_path?.split('/').at(-1) ?? '';
  }

  /** What a sender does. */
  receive(payload: Json) {
    const text = JSON.stringify(payload);
    const body = new TextEncoder().encode(text);
    const t = String(Math.floor(this.app.now / 1000));
    return receiveWebhook(this.triggers, {
      public_token: this.token, text, body, digest: createHash('sha256').update(text).digest('hex'), is_local: false,
      headers: { 'content-type': 'application/json', 'countersign-signature': `t=${t},v1=${this.hmac(secret, `${t}.`, body)}` },
    });
  }

  /** What the commits up to a position show, as the projections would. */
  #shown(): readonly StoredCommit[] {
    return this.app.store.all().filter(({ position }) => position <= this.projected);
  }

  async #delivery(id: string): Promise<WebhookDelivery> {
    const state = (await this.deliveries()).find(({ delivery }) => delivery.delivery_id === id);
    if (state === undefined) throw new Error(`no delivery ${id}`);
    const { delivery_id, trigger_id, provider, idempotency_key, body_digest } = state.delivery;
    return { delivery_id, trigger_id, provider, idempotency_key, body_digest, payload: state.payload };
  }

  async deliveries(): Promise<readonly RoutedDelivery[]> {
    const ids = new Set(this.app.store.all().filter(({ ref }) => ref.aggregate === 'webhook_delivery').map(({ ref }) => ref.id));
    const states = await Promise.all([...ids].map(async (id) => (await loadAggregate({ store: this.app.store, aggregate: webhookDeliveryAggregate }, { ...tenant, aggregate: 'webhook_delivery', id })).state));
    return states.filter((state) => state !== undefined);
  }

  /** Waits that are open, as far as the projections know of them. */
  async waiting(): Promise<readonly { readonly run_id: string; readonly wait: OpenWait }[]> {
    const known = new Set(this.#shown().filter(({ ref }) => ref.aggregate === 'run').map(({ ref }) => ref.id));
    return (await this.runs()).filter(({ run_id }) => known.has(run_id)).flatMap((run: Run) => run.checkpoint.open_waits.map((wait) => ({ run_id: run.run_id, wait })));
  }

  /** What the consumers do with a commit; none for one that nobody listens to. */
  taskOf({ ref, status, position, commit }: StoredCommit): (() => Promise<ConsumerOutcome>) | undefined {
    const own: AggregateRef = ref;
    if (ref.aggregate === 'webhook_delivery' && status === 'accepted') return () => routeDelivery(this.routes, own, position);
    if (ref.aggregate === 'webhook_delivery' && status === 'consumed') return () => settleDelivery(this.routes, own);
    const opened = commit.events.find(({ event_type }) => event_type === 'wait_node_registered')?.data as { readonly wait: OpenWait } | undefined;
    return opened === undefined ? undefined : () => findEarlyDelivery(this.routes, { ...tenant, run_id: ref.id, wait: opened.wait, position });
  }

  /** Delivers every commit until nothing is written any more, with projections that are current; a consumer that dies gets its message again. */
  async follow(): Promise<void> {
    let died = false;
    for (let before = -1; died || before !== this.app.store.all().length;) {
      before = this.app.store.all().length;
      died = false;
      for (const commit of this.app.store.all()) {
        this.projected = this.app.store.all().length;
        await this.taskOf(commit)?.().catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
          died = true;
        });
      }
    }
  }
}
