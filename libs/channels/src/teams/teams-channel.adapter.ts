import type { AdapterOutcome, ChannelAdapter, Outgoing } from '@cs/notification';
import type { OutboundHttp } from '@cs/outbound-http';
import { viewOf } from '../chat/card-view.js';
import { teamsMessage } from './teams-card.js';

export interface TeamsChannelOptions {
  readonly http: OutboundHttp;
  /** Address of a workflow that posts what it is sent. Whoever has it can post: it is a secret. */
  readonly workflowUrl: string;
  /** Limit of one attempt. Default 10 s. */
  readonly timeoutMs?: number;
}

const maxRetryAfterS = 6 * 3600;

const retryAfter = (value: string | undefined): { readonly retry_after_ms?: number } => (value !== undefined && /^\d{1,9}$/.test(value) ? { retry_after_ms: Math.min(Number(value), maxRetryAfterS) * 1000 } : {});

const judge = (status: number, headers: Readonly<Record<string, string>>): AdapterOutcome => {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  const reason = `the workflow of Teams answered ${status}`;
  if (status === 429) return { kind: 'transient', reason, not_posted: true, ...retryAfter(headers['retry-after']) };
  return status === 408 || status >= 500 ? { kind: 'transient', reason } : { kind: 'permanent', reason };
};

/**
 * Microsoft Teams, one way: cards go to a workflow, their button opens the page. A workflow tells no message's
 * id, so that what follows a question is a card of its own, and a card whose outcome was lost can come twice.
 */
export class TeamsChannel implements ChannelAdapter {
  readonly #options: TeamsChannelOptions;

  constructor(options: TeamsChannelOptions) {
    this.#options = options;
  }

  async deliver({ request }: Outgoing): Promise<AdapterOutcome> {
    const { http, workflowUrl, timeoutMs = 10_000 } = this.#options;
    const view = viewOf(request);
    if (view === undefined) return { kind: 'permanent', reason: 'the card cannot be read' };
    const result = await http.request({ method: 'POST', url: workflowUrl, timeoutMs, headers: { 'content-type': 'application/json' }, body: teamsMessage(view) });
    if (result.kind === 'answered') return judge(result.status, result.headers);
    if (result.reason === 'egress_denied' || result.reason === 'request_invalid') return { kind: 'permanent', reason: result.message };
    return { kind: 'transient', reason: result.message, not_posted: result.kind === 'not_sent' };
  }
}
