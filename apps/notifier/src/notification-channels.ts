import { ConsoleChannel, WebhookChannel, type PlatformParts } from '@cs/channels';
import type { NotificationChannel } from '@cs/notification';
import { createOutboundHttp, createOutboundSockets, type OutboundHttp } from '@cs/outbound-http';
import { systemClock, type Logger } from '@cs/platform';
import { Counter, type Registry } from 'prom-client';
import type { NotifierConfig } from './config.js';

interface Observers {
  readonly logger: Logger;
  readonly attempts: Counter;
}

const connectTimeoutMs = 5_000;
/** Of answers little is used. */
const maxResponseBytes = 512 * 1024;

/** Counts and logs what becomes of the attempts. Reasons hold no secret (NotificationChannel). */
const observed = (channel: NotificationChannel, { logger, attempts }: Observers): NotificationChannel => ({
  name: channel.name,
  send: async (request) => {
    const outcome = await channel.send(request);
    attempts.inc({ channel: channel.name, outcome: outcome.kind });
    if (outcome.kind !== 'sent') logger.warn({ channel: channel.name, delivery_id: request.delivery_id, run_id: request.run_id, outcome: outcome.kind, reason: outcome.reason }, 'a notice was not delivered');
    return outcome;
  },
});

/** The channels that the configuration asks for, with the connections they share. */
export class NotificationChannels {
  readonly all: readonly NotificationChannel[];
  /** The gateway as people reach it. */
  readonly publicUrl: string;
  /** What adapters of installations are made with. */
  readonly platformParts: PlatformParts;
  readonly #http: OutboundHttp;

  constructor(config: NotifierConfig, { logger, metrics }: { readonly logger: Logger; readonly metrics: Registry }) {
    this.publicUrl = config.PUBLIC_URL;
    const attempts = new Counter({ name: 'countersign_delivery_attempts_total', help: 'Attempts to deliver a notice', labelNames: ['channel', 'outcome'], registers: [metrics] });
    this.#http = createOutboundHttp({ egressAllow: config.COUNTERSIGN_EGRESS_ALLOW, maxResponseBytes, connectTimeoutMs, userAgent: 'Countersign-Notifier', maxSocketsPerOrigin: 16 });
    this.platformParts = { http: this.#http, sockets: createOutboundSockets({ egressAllow: config.COUNTERSIGN_EGRESS_ALLOW }), now: systemClock, publicUrl: config.PUBLIC_URL };
    const channels: NotificationChannel[] = [];
    if (config.NOTIFIER_CONSOLE) channels.push(new ConsoleChannel({ publicUrl: config.PUBLIC_URL, write: (text) => void process.stdout.write(text) }));
    if (config.NOTIFIER_WEBHOOK_URL !== undefined && config.NOTIFIER_WEBHOOK_SECRET !== undefined) {
      channels.push(new WebhookChannel({ http: this.#http, url: config.NOTIFIER_WEBHOOK_URL, secret: config.NOTIFIER_WEBHOOK_SECRET, now: systemClock }));
    }
    this.all = channels.map((channel) => observed(channel, { logger, attempts }));
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}
