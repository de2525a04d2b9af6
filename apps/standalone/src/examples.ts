import { readFile } from 'node:fs/promises';
import type { PendingGate, Run } from '@cs/contracts';
import type { ApiClient } from './api-client.js';
import { workspacePaths } from './workspace-paths.js';

export const refundAutomation = 'refund-order';

/** Stores the example automations; an unchanged one stays as it is. */
export const loadExamples = async (api: ApiClient): Promise<void> => {
  for (const [id, file] of Object.entries(workspacePaths.automations)) await api.storeAutomation(id, await readFile(file, 'utf8'));
};

export interface WaitingRun {
  readonly run_id: string;
  readonly gate: PendingGate;
}

const pollMs = 50;

const gateOf = (run: Run): PendingGate | undefined => (run.status === 'awaiting_approval' ? run.checkpoint.awaiting_gate : undefined);

const orEnded = (run: Run): PendingGate | undefined => {
  if ('finished_at_ms' in run) throw new Error(`run ${run.run_id} ended as ${run.status}: ${run.detail ?? 'no detail'}`);
  return gateOf(run);
};

/** Waits until the run stops for a signature. Throws when it ends first, or does not get there in time. */
export const untilGate = async (api: ApiClient, run_id: string, timeoutMs = 30_000): Promise<WaitingRun> => {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, pollMs))) {
    // The projection may be a moment behind: then there is no such run yet.
    const run = await api.run(run_id).catch(() => undefined);
    const gate = run && orEnded(run);
    if (gate) return { run_id, gate };
  }
  throw new Error(`run ${run_id} did not reach its gate in ${timeoutMs / 1000} s`);
};

/** The newest refund that waits for a signature; a new one when there is none. */
export const exampleRun = async (api: ApiClient): Promise<WaitingRun> => {
  const waiting = (await api.runs(refundAutomation, 50)).map((run) => ({ run, gate: gateOf(run) })).find(({ gate }) => gate !== undefined);
  if (waiting?.gate !== undefined) return { run_id: waiting.run.run_id, gate: waiting.gate };
  const order = `order-${1001 + Math.floor(Math.random() * 10)}`;
  return await untilGate(api, (await api.runNow(refundAutomation, { order_id: order })).run.run_id);
};
