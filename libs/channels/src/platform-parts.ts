import type { OutboundHttp, OutboundSockets } from '@cs/outbound-http';

/** What the notifier gives the adapters of all platforms. */
export interface PlatformParts {
  readonly http: OutboundHttp;
  /** For platforms that speak no HTTP. */
  readonly sockets: OutboundSockets;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The gateway as people reach it. */
  readonly publicUrl: string;
}
