import type { AuditVerification, AutomationRecord, ChannelRecord, PayloadInputOf, PendingGate, putChannel, Run, RunRecord, StatefulEvent } from '@cs/contracts';
import type { Json } from '@cs/kernel';

/** An answer that is a problem (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  /** What is wrong with what was sent, one by one, if the answer says so. */
  readonly problems: Json | undefined;

  constructor(readonly status: number, readonly code: string, { detail, problems }: { readonly detail: string; readonly problems?: Json | undefined }) {
    super(detail);
    this.problems = problems;
  }
}

export interface ApiOptions {
  readonly url: string;
  /** API key; absent where the local person needs none. */
  readonly key?: string | undefined;
}

/** What a channel is set to. */
export type ChannelSettingsSent = Omit<PayloadInputOf<typeof putChannel>, 'channel_id'>;

interface ApiRequest {
  readonly method?: string;
  readonly body?: string;
  readonly type?: string;
}

/** One event of the live stream. */
export interface LiveEvent {
  readonly event_type: string;
  readonly aggregate: string;
  readonly aggregate_id: string;
  readonly occurred_at_ms: number;
  readonly status: string;
  readonly data: { readonly node_id?: string; readonly gate?: PendingGate; readonly decision?: string; readonly attempt?: number };
}

/** The few calls of the HTTP API that starting, the demo and definition files need. */
export class ApiClient {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Waits until every part of the system is ready. Throws with what is not. */
  async untilReady(timeoutMs: number): Promise<void> {
    for (const deadline = Date.now() + timeoutMs; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const response = await fetch(`${this.#options.url}/readyz`);
      if (response.ok) return;
      if (Date.now() < deadline) continue;
      throw new ApiProblem(response.status, 'NOT_READY', { detail: `not everything is ready: ${await response.text()}` });
    }
  }

  /** Stores a definition (YAML text), or replaces the one that is there. */
  async storeAutomation(automationId: string, yaml: string): Promise<void> {
    const body = { method: 'POST', body: yaml, type: 'application/yaml' };
    try {
      await this.#call('/automations/v2', body);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== 'AUTOMATION_V2_ALREADY_EXISTS') throw error;
      await this.#call(`/automations/v2/${automationId}`, { ...body, method: 'PATCH' });
    }
  }

  /** A stored automation; `undefined` when there is none of this id. */
  async automation(automationId: string): Promise<AutomationRecord | undefined> {
    try {
      return (await this.#call<{ automation: AutomationRecord }>(`/automations/v2/${automationId}`)).automation;
    } catch (error) {
      if (error instanceof ApiProblem && error.code === 'AUTOMATION_V2_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async createAutomation(definition: Json): Promise<AutomationRecord> {
    return (await this.#call<{ automation: AutomationRecord }>('/automations/v2', { method: 'POST', body: JSON.stringify(definition) })).automation;
  }

  /** Replaces the members that are given, and removes those that are null. */
  async patchAutomation(automationId: string, patch: Json): Promise<AutomationRecord> {
    return (await this.#call<{ automation: AutomationRecord }>(`/automations/v2/${automationId}`, { method: 'PATCH', body: JSON.stringify(patch) })).automation;
  }

  /** Sets a channel up, or replaces what it is. */
  async setChannel(channelId: string, channel: ChannelSettingsSent): Promise<ChannelRecord> {
    return (await this.#call<{ channel: ChannelRecord }>(`/channels/${channelId}`, { method: 'PUT', body: JSON.stringify(channel) })).channel;
  }

  /** Starts a run; `position` is where the log has it. */
  async runNow(automationId: string, input: unknown): Promise<{ readonly run: RunRecord; readonly position: number }> {
    const response = await this.#send(`/automations/v2/${automationId}/run_now`, { method: 'POST', body: JSON.stringify({ input }) });
    const { run } = (await response.json()) as { run: RunRecord };
    return { run, position: Number(response.headers.get('countersign-position')) };
  }

  async run(runId: string): Promise<Run> {
    return (await this.#call<{ run: Run }>(`/automations/v2/runs/${runId}`)).run;
  }

  async runs(automationId: string, limit: number): Promise<readonly Run[]> {
    return (await this.#call<{ runs: readonly Run[] }>(`/automations/v2/${automationId}/runs?limit=${limit}`)).runs;
  }

  async decide(runId: string, decision: { readonly decision: string; readonly reason?: string; readonly gate_opening_id?: string }): Promise<void> {
    await this.#call(`/automations/v2/runs/${runId}/gate`, { method: 'POST', body: JSON.stringify(decision) });
  }

  async timeline(runId: string): Promise<readonly StatefulEvent[]> {
    return (await this.#call<{ events: readonly StatefulEvent[] }>(`/stateful-runtime/runs/${runId}/events?limit=500`)).events;
  }

  async verifyAudit(): Promise<AuditVerification> {
    return await this.#call('/audit/ledger/manifest');
  }

  /** Events of a run behind a position of the log, as they happen, until the signal aborts. */
  async *events({ runId, after, signal }: { readonly runId: string; readonly after: number; readonly signal: AbortSignal }): AsyncGenerator<LiveEvent> {
    const response = await fetch(`${this.#options.url}/automations/v2/events?run_id=${runId}&after_position=${after}`, { signal, headers: this.#headers('text/event-stream') });
    if (!response.ok || response.body === null) throw await problemOf(response);
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const data = frame.split('\n').find((line) => line.startsWith('data:'));
        if (data !== undefined) yield JSON.parse(data.slice('data:'.length)) as LiveEvent;
      }
    }
  }

  #headers(accept: string): Record<string, string> {
    return { accept, ...(this.#options.key === undefined ? {} : { authorization: `Bearer ${this.#options.key}` }) };
  }

  async #call<Answer>(path: string, request: ApiRequest = {}): Promise<Answer> {
    return (await (await this.#send(path, request)).json()) as Answer;
  }

  async #send(path: string, { method = 'GET', body, type = 'application/json' }: ApiRequest): Promise<Response> {
    const headers = { ...this.#headers('application/json'), ...(body === undefined ? {} : { 'content-type': type }) };
    const response = await fetch(`${this.#options.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }), signal: AbortSignal.timeout(20_000) });
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

const problemOf = async (response: Response): Promise<ApiProblem> => {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; problems?: Json };
  return new ApiProblem(response.status, body.code ?? 'UNKNOWN', { detail: body.detail ?? `HTTP ${response.status}`, problems: body.problems });
};
