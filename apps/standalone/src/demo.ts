import type { AuditVerification, PendingGate, Run } from '@cs/contracts';
import type { ApiClient, LiveEvent } from './api-client.js';
import { loadExamples, refundAutomation, untilGate } from './examples.js';

export interface DemoOptions {
  readonly requester: ApiClient;
  readonly approver: ApiClient;
  readonly paymentsUrl: string;
  readonly print: (line: string) => void;
  readonly decide: (gate: PendingGate) => Promise<string>;
}

export interface DemoReport {
  readonly summary: string;
}

interface Ledger {
  readonly count: number;
  readonly entries: readonly { readonly refund_id: string; readonly amount: number; readonly currency: string }[];
}

/** Generous, because with `--ask` a person decides. */
const runTimeoutMs = 600_000;

const describe = ({ event_type, occurred_at_ms, status, data }: LiveEvent): string => {
  const time = new Date(occurred_at_ms).toISOString().slice(11, 23);
  const node = data.gate?.node_id ?? data.node_id ?? '';
  const attempt = data.attempt !== undefined && data.attempt > 1 ? `attempt ${data.attempt}` : '';
  return `  ${time}  ${event_type.padEnd(36)} ${node.padEnd(10)} ${data.decision ?? attempt}`.trimEnd().padEnd(78) + `  ${status}`;
};

const terminal: ReadonlySet<string> = new Set(['run_completed', 'run_failed', 'run_blocked', 'run_cancelled']);

/** Prints the events of one run as they happen; resolves with how it ended. */
const follow = async (api: ApiClient, { print, ...stream }: { runId: string; after: number; signal: AbortSignal; print: (line: string) => void }): Promise<string> => {
  for await (const event of api.events(stream)) {
    print(describe(event));
    if (terminal.has(event.event_type)) return event.event_type;
  }
  throw new Error('the event stream ended before the run did');
};

const ledgerOf = async (paymentsUrl: string, orderId: string): Promise<Ledger> => {
  const response = await fetch(`${paymentsUrl}/ledger?order_id=${orderId}`);
  return (await response.json()) as Ledger;
};

const checkLedger = (decision: string, before: Ledger, after: Ledger): string => {
  const paid = after.count - before.count;
  const expected = decision === 'approve' ? 1 : 0;
  if (paid !== expected) throw new Error(`the ledger has ${paid} refunds for this run instead of ${expected}`);
  const [entry] = after.entries.slice(-1);
  if (paid === 0 || entry === undefined) return 'Nothing was paid.';
  return `The ledger holds exactly one refund: ${entry.refund_id} over ${entry.amount.toFixed(2)} ${entry.currency}.`;
};

const decideUntilOver = async ({ approver, requester, print, decide }: DemoOptions, runId: string): Promise<string> => {
  for (;;) {
    const { gate } = await untilGate(requester, runId);
    print(`\n  ${gate.title}\n${(gate.instructions ?? '').split('\n').map((line) => `    ${line}`).join('\n').trimEnd()}\n`);
    const decision = (await decide(gate)).trim();
    await approver.decide(runId, { decision, gate_opening_id: gate.gate_opening_id });
    if (decision !== 'rework') return decision;
    await waitForNextOpening(requester, { runId, openingId: gate.gate_opening_id });
  }
};

/** After rework the gate opens again; the projection may still show the opening before. */
const waitForNextOpening = async (api: ApiClient, { runId, openingId }: { runId: string; openingId: string }): Promise<void> => {
  const isOld = (run: Run): boolean => run.checkpoint.awaiting_gate?.gate_opening_id === openingId;
  while (isOld(await api.run(runId))) await new Promise((resolve) => setTimeout(resolve, 50));
};

const describeChain = ({ violation, records, head_hash }: AuditVerification): string => {
  if (violation !== undefined) throw new Error(`the audit chain is broken at record ${violation.seq}: ${violation.kind}`);
  return `${records} records verified, head ${(head_hash ?? 'none').slice(0, 16)}…`;
};

const verify = async (api: ApiClient, runId: string): Promise<string> => {
  const events = await api.timeline(runId);
  if (events.some((event, index) => event.seq !== index + 1)) throw new Error('the timeline has a gap');
  return `Timeline: ${events.length} events without a gap. Audit chain: ${describeChain(await api.verifyAudit())}`;
};

/** The main job from the request to the verified audit: one refund, one signature. Throws with the reason when anything is not as it must be. */
export const runDemo = async (options: DemoOptions): Promise<DemoReport> => {
  const { requester, print, paymentsUrl } = options;
  await loadExamples(requester);
  const order = `order-${1001 + (Date.now() % 10)}`;
  const before = await ledgerOf(paymentsUrl, order);
  const { run, position } = await requester.runNow(refundAutomation, { order_id: order });
  print(`Run ${run.run_id}: refund ${order}\n`);
  const signal = AbortSignal.timeout(runTimeoutMs);
  const ended = follow(requester, { runId: run.run_id, after: position - 1, signal, print });
  ended.catch(() => undefined);
  const decision = await decideUntilOver(options, run.run_id);
  print(`\n${await ended}`);
  print(checkLedger(decision, before, await ledgerOf(paymentsUrl, order)));
  return { summary: await verify(requester, run.run_id) };
};
