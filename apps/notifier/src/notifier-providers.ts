import type { Provider } from '@nestjs/common';
import type { Channel } from '@cs/contracts';
import type { Eventing, IdSource } from '@cs/eventing';
import { CONSUMERS, EVENTING, JetStreamTurnLimits, NATS_CONNECTION, type Consumers } from '@cs/jetstream';
import { noteConnection, type ChannelOptions, type ReceiveOptions } from '@cs/notification';
import { LOGGER, METRICS, randomId, RPC_CLIENT, type Logger, type RpcClient } from '@cs/platform';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { CallbackConnections } from './callback-connections.js';
import { hostsOf } from './channel-hosts.js';
import { channelKinds } from './channel-kinds.js';
import { ChannelSecrets } from './channel-secrets.js';
import { notifierEnvironment, type NotifierConfig } from './config.js';
import { InstallationSenders } from './installation-senders.js';
import { Installations } from './installations.js';
import { NotificationChannels } from './notification-channels.js';
import { RpcOpenGates } from './rpc-open-gates.adapter.js';
import { RpcGateDecider } from './rpc-gate-decider.adapter.js';
import { CHANNEL_OPTIONS, CHANNELS, INSTALLATION_SENDERS, INSTALLATIONS, OPEN_GATES, RECEIVE_OPTIONS } from './tokens.js';
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

/** A person has to look at it. */
const reporting = (logger: Logger) => ({ channel_id, tenant_context: { org_id, workspace_id } }: Channel, problem: string): void =>
  logger.error({ org_id, workspace_id, channel_id, problem }, 'a channel cannot be used');

const callbackConnections = (publicUrl: string, eventing: Eventing, logger: Logger): CallbackConnections => new CallbackConnections({
  publicUrl, random: Math.random, onProblem: reporting(logger), note: (channel, connection) => noteConnection(eventing, channel, connection),
  pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
});

/** The parts of the notifier. */
export const notifierProviders = (config: NotifierConfig): readonly Provider[] => [
  { provide: SECRETS, useFactory: () => new ChannelSecrets(notifierEnvironment()) },
  { provide: CHANNELS, inject: [LOGGER, METRICS], useFactory: (logger: Logger, metrics: Registry) => new NotificationChannels(config, { logger, metrics }) },
  { provide: INSTALLATION_SENDERS, inject: [CONSUMERS, EVENTING], useFactory: (consumers: Consumers, eventing: Eventing) => new InstallationSenders({ consumers, eventing, newId, random: Math.random }) },
  {
    provide: INSTALLATIONS, inject: [EVENTING, SECRETS, CHANNELS, INSTALLATION_SENDERS, LOGGER],
    useFactory: (...[eventing, secrets, channels, senders, logger]: [Eventing, ChannelSecrets, NotificationChannels, InstallationSenders, Logger]) => new Installations({
      eventing, secrets, isHostAllowed: hostsOf(config.COUNTERSIGN_CHANNEL_HOSTS), kinds: channelKinds(channels.platformParts), onChanged: (ref, changed) => senders.use(ref, changed),
      connections: callbackConnections(config.PUBLIC_URL, eventing, logger), onProblem: reporting(logger),
    }),
  },
  { provide: OPEN_GATES, inject: [RPC_CLIENT], useFactory: (rpc: RpcClient) => new RpcOpenGates(rpc) },
  {
    provide: RECEIVE_OPTIONS, inject: [EVENTING, RPC_CLIENT, NATS_CONNECTION],
    useFactory: (...[eventing, rpc, nc]: [Eventing, RpcClient, NatsConnection]): ReceiveOptions => ({
      eventing, within, newId, random: Math.random, gate: new RpcGateDecider(rpc), digestOfBody: (body) => createHash('sha256').update(body).digest('hex'),
      turns: new JetStreamTurnLimits(nc),
    }),
  },
  {
    provide: CHANNEL_OPTIONS, inject: [EVENTING, SECRETS, CHANNELS, INSTALLATIONS],
    useFactory: (...[eventing, secrets, channels, installations]: [Eventing, ChannelSecrets, NotificationChannels, Installations]): ChannelCommands => ({
      eventing, newId, newCode, kinds: channelKinds(channels.platformParts), hasSecret: (tenant, name) => secrets.valueOf(tenant, name) !== undefined, isOpenToOthers: (tenant, name) => !secrets.isBound(name) && installations.hasOthers(tenant), isHostAllowed: hostsOf(config.COUNTERSIGN_CHANNEL_HOSTS),
    }),
  },
];
