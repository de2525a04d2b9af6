import type { Provider } from '@nestjs/common';
import type { Eventing, IdSource } from '@cs/eventing';
import { CONSUMERS, EVENTING, JetStreamTurnLimits, NATS_CONNECTION, type Consumers } from '@cs/jetstream';
import type { ChannelOptions, ReceiveOptions } from '@cs/notification';
import { LOGGER, METRICS, randomId, RPC_CLIENT, type Logger, type RpcClient } from '@cs/platform';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash, randomInt } from 'node:crypto';
import type { Registry } from 'prom-client';
import { channelKinds } from './channel-kinds.js';
import { ChannelSecrets } from './channel-secrets.js';
import { notifierEnvironment, type NotifierConfig } from './config.js';
import { InstallationSenders } from './installation-senders.js';
import { Installations } from './installations.js';
import { NotificationChannels } from './notification-channels.js';
import { RpcGateDecider } from './rpc-gate-decider.adapter.js';
import { CHANNEL_OPTIONS, CHANNELS, INSTALLATION_SENDERS, INSTALLATIONS, RECEIVE_OPTIONS } from './tokens.js';
import { within } from './within.js';

/** What commands on channels need. */
export interface ChannelCommands extends ChannelOptions {
  readonly newCode: () => string;
}

/** Without letters and digits that are taken for one another. */
const codeAlphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const newCode = (): string => Array.from({ length: 8 }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join('');

const SECRETS = Symbol('CHANNEL_SECRETS');
const newId: IdSource = randomId;

/** The parts of the notifier. */
export const notifierProviders = (config: NotifierConfig): readonly Provider[] => [
  { provide: SECRETS, useFactory: () => new ChannelSecrets(notifierEnvironment()) },
  { provide: CHANNELS, inject: [LOGGER, METRICS], useFactory: (logger: Logger, metrics: Registry) => new NotificationChannels(config, { logger, metrics }) },
  { provide: INSTALLATION_SENDERS, inject: [CONSUMERS, EVENTING], useFactory: (consumers: Consumers, eventing: Eventing) => new InstallationSenders({ consumers, eventing, newId, random: Math.random }) },
  {
    provide: INSTALLATIONS, inject: [EVENTING, SECRETS, CHANNELS, INSTALLATION_SENDERS, LOGGER],
    useFactory: (...[eventing, secrets, channels, senders, logger]: [Eventing, ChannelSecrets, NotificationChannels, InstallationSenders, Logger]) => new Installations({
      eventing, secrets, kinds: channelKinds(channels.platformParts), onChanged: (ref, changed) => senders.use(ref, changed), publicUrl: config.PUBLIC_URL,
      onProblem: ({ channel_id, tenant_context: { org_id, workspace_id } }, problem) => logger.error({ org_id, workspace_id, channel_id, problem }, 'a channel cannot be used'),
    }),
  },
  {
    provide: RECEIVE_OPTIONS, inject: [EVENTING, RPC_CLIENT, NATS_CONNECTION],
    useFactory: (...[eventing, rpc, nc]: [Eventing, RpcClient, NatsConnection]): ReceiveOptions => ({
      eventing, within, newId, random: Math.random, gate: new RpcGateDecider(rpc), digestOfBody: (body) => createHash('sha256').update(body).digest('hex'),
      turns: new JetStreamTurnLimits(nc),
    }),
  },
  {
    provide: CHANNEL_OPTIONS, inject: [EVENTING, SECRETS, CHANNELS],
    useFactory: (eventing: Eventing, secrets: ChannelSecrets, channels: NotificationChannels): ChannelCommands => ({
      eventing, newId, newCode, kinds: channelKinds(channels.platformParts), hasSecret: (tenant, name) => secrets.valueOf(tenant, name) !== undefined,
    }),
  },
];
