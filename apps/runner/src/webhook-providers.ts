import {
  DefinitionLibrary, deliverWebhookToWait, startWebhookRun,
  type AutomationOptions, type ReceiveOptions, type RequestRunOptions, type RouteOptions, type WakeOptions, type WebhookTriggerOptions,
} from '@cs/automation-application';
import type { Eventing } from '@cs/eventing';
import { CONSUMERS, EVENTING, type Consumers } from '@cs/jetstream';
import { randomId, RPC_CLIENT, systemClock, type RpcClient } from '@cs/platform';
import type { Provider } from '@nestjs/common';
import { createHmac, randomBytes } from 'node:crypto';
import { readSecrets, runnerEnvironment, type RunnerConfig } from './config.js';
import { RefusalBudget } from './refusal-budget.js';
import { AUTOMATION_OPTIONS, WAKE_OPTIONS, WEBHOOK_OPTIONS } from './tokens.js';
import { ProjectedWebhookLookups } from './webhook-lookups.adapter.js';
import { KeyedWebhookSecrets } from './webhook-secrets.adapter.js';
import { WebhooksService } from './webhooks.service.js';

/** What the commands on triggers and the receiver of webhooks need. */
export type WebhookOptions = WebhookTriggerOptions & ReceiveOptions;

/** Refused deliveries of one trigger that are recorded in a minute. */
const refusalsPerMinute = 10;

const webhookOptions = (config: RunnerConfig, eventing: Eventing): WebhookOptions => {
  const refusals = new RefusalBudget({ clock: systemClock, perMinute: refusalsPerMinute });
  return {
    eventing, definitions: new DefinitionLibrary(eventing), newId: randomId, newToken: () => randomBytes(32).toString('base64url'), allowUnsigned: config.COUNTERSIGN_WEBHOOK_UNSIGNED,
    secrets: new KeyedWebhookSecrets({ key: config.COUNTERSIGN_WEBHOOK_KEY, secrets: readSecrets(runnerEnvironment()) }),
    hmac: (secret, ...parts) => parts.reduce((mac, part) => mac.update(part), createHmac('sha256', secret)).digest('hex'),
    recordsRefusal: (triggerId) => refusals.take(triggerId),
  };
};

interface RouteParts {
  readonly eventing: Eventing;
  readonly rpc: RpcClient;
  readonly wake: WakeOptions;
  readonly automations: AutomationOptions & RequestRunOptions;
}

const routeOptions = ({ eventing, rpc, wake, automations }: RouteParts): RouteOptions => ({
  eventing, lookups: new ProjectedWebhookLookups(rpc), deliver: (run, given) => deliverWebhookToWait(wake, run, given), startRun: startWebhookRun(automations),
});

/** What takes webhooks in and brings them to waits and runs. */
export const webhookProviders = (config: RunnerConfig): readonly Provider[] => [
  { provide: WEBHOOK_OPTIONS, inject: [EVENTING], useFactory: (eventing: Eventing) => webhookOptions(config, eventing) },
  {
    provide: WebhooksService, inject: [CONSUMERS, EVENTING, RPC_CLIENT, WAKE_OPTIONS, AUTOMATION_OPTIONS],
    useFactory: (...[consumers, eventing, rpc, wake, automations]: [Consumers, Eventing, RpcClient, WakeOptions, AutomationOptions & RequestRunOptions]) =>
      new WebhooksService({ consumers, options: routeOptions({ eventing, rpc, wake, automations }) }),
  },
];
