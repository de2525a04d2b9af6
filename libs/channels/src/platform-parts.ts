import type { OutboundHttp } from '@cs/outbound-http';

/** What the notifier gives the adapters of all platforms. */
export interface PlatformParts {
  readonly http: OutboundHttp;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The gateway as people reach it. */
  readonly publicUrl: string;
}
