import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Run, StatefulEvent } from '@cs/contracts';

const examples = path.resolve(import.meta.dirname, '../../../../examples');

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Ledger {
  readonly count: number;
  readonly total: number;
  readonly entries: readonly { readonly order_id: string; readonly refund_id: string; readonly idempotency_key: string }[];
}

/** A client as users write one: HTTP only, repeats what was not answered with the same Idempotency-Key. */
export class Client {
  constructor(readonly url: string, readonly paymentsUrl: string) {}

  /** The newest log position that a command of this client answered; a run is read as of it or later. */
  #position = 0;

  async call(method: string, route: string, { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${route}`, {
      method, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    this.#position = Math.max(this.#position, Number(response.headers.get('countersign-position') ?? 0));
    return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
  }

  async loadExample(file: string): Promise<void> {
    const answer = await this.call('POST', '/automations/v2', { body: readFileSync(path.join(examples, file), 'utf8'), headers: { 'content-type': 'application/yaml' } });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  }

  /** Repeats while the system is away; any other answer is the answer. */
  async insist(method: string, route: string, body: unknown): Promise<Answer> {
    const key = randomUUID();
    const deadline = Date.now() + 90_000;
    for (;;) {
      const answer = await this.call(method, route, { body, headers: { 'idempotency-key': key } }).catch(() => undefined);
      if (answer && answer.status < 500) return answer;
      if (Date.now() > deadline) throw new Error(`${method} ${route}: ${JSON.stringify(answer?.body ?? 'no answer')}`);
      await delay(100);
    }
  }

  async define(definition: unknown): Promise<void> {
    const { status, body } = await this.insist('POST', '/automations/v2', definition);
    if (status !== 200) throw new Error(JSON.stringify(body));
  }

  async start(automation_id: string, input: unknown = {}): Promise<string> {
    const { status, body } = await this.insist('POST', `/automations/v2/${automation_id}/run_now`, { input });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return (body['run'] as Run).run_id;
  }

  startRefund(order_id: string): Promise<string> {
    return this.start('refund-order', { order_id });
  }

  async run(runId: string): Promise<Run> {
    const { status, body } = await this.call('GET', `/automations/v2/runs/${runId}`, { headers: { 'countersign-min-position': String(this.#position) } });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body['run'] as Run;
  }

  /** Waits until the projection shows the run in a state that satisfies the condition. */
  async until(runId: string, condition: (run: Run) => boolean, timeoutMs = 60_000): Promise<Run> {
    const deadline = Date.now() + timeoutMs;
    let last: unknown;
    while (Date.now() < deadline) {
      const run = await this.run(runId).catch((error: unknown) => void (last = error));
      if (run) last = run;
      if (run && condition(run)) return run;
      await delay(40);
    }
    throw new Error(`run ${runId} did not get there: ${last instanceof Error ? last.message : JSON.stringify(last).slice(0, 1500)}`);
  }

  untilGate(runId: string, timeoutMs?: number): Promise<Run> {
    return this.until(runId, (run) => run.status === 'awaiting_approval' || 'finished_at_ms' in run, timeoutMs);
  }

  untilFinished(runId: string, timeoutMs?: number): Promise<Run> {
    return this.until(runId, (run) => 'finished_at_ms' in run, timeoutMs);
  }

  decide(runId: string, decision: string): Promise<Answer> {
    return this.insist('POST', `/automations/v2/runs/${runId}/gate`, { decision });
  }

  async timeline(runId: string): Promise<readonly StatefulEvent[]> {
    const { body } = await this.call('GET', `/stateful-runtime/runs/${runId}/events?limit=1000`);
    return body['events'] as readonly StatefulEvent[];
  }

  async ledger(orderId?: string): Promise<Ledger> {
    const response = await fetch(`${this.paymentsUrl}/ledger${orderId === undefined ? '' : `?order_id=${orderId}`}`);
    return (await response.json()) as Ledger;
  }

  async fault(fault: Record<string, unknown>): Promise<void> {
    await fetch(`${this.paymentsUrl}/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });
  }

  async clearFaults(): Promise<void> {
    await fetch(`${this.paymentsUrl}/faults`, { method: 'DELETE' });
  }

  /** Waits until the payments service holds a request that it does not answer. */
  async untilHanging(): Promise<void> {
    for (let attempt = 0; attempt < 1000; attempt += 1) {
      const { hanging } = (await (await fetch(`${this.paymentsUrl}/faults`)).json()) as { hanging: number };
      if (hanging > 0) return;
      await delay(20);
    }
    throw new Error('the payments service does not hang');
  }
}

export const shortTypes = (events: readonly StatefulEvent[]): readonly string[] => events.map((event) => event.event_type.replace('stateful_runtime.automation_v2.', ''));
