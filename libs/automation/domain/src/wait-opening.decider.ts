import { accept, type Decision } from '@cs/kernel';
import type { OpenWait, OpenWaitTimeout, Run, RunEvent, WaitTimeout } from '@cs/contracts';
import { notReady, startableNode, waitIdOf } from './node.decider.js';
import type { ExecutionRefusal, RunContext } from './run.commands.js';
import type { OpenWaits, WaitToOpen } from './wait.commands.js';

const openTimeout = ({ expires_after_ms, on_timeout, escalate_to, remind_every_ms }: WaitTimeout, at_ms: number): OpenWaitTimeout => ({
  timeout_at_ms: at_ms + expires_after_ms, on_timeout,
  ...(escalate_to === undefined ? {} : { escalate_to }), ...(remind_every_ms === undefined ? {} : { remind_every_ms }),
});

const opened = (identity: Pick<OpenWait, 'wait_id' | 'node_id' | 'branch'>, { delay_ms, wake_at_ms, timeout, ...wait }: WaitToOpen, at_ms: number): OpenWait => {
  const wakes = wake_at_ms ?? (delay_ms === undefined ? undefined : at_ms + delay_ms);
  return {
    ...identity, ...wait, created_at_ms: at_ms,
    ...(wakes === undefined ? {} : { wake_at_ms: wakes }), ...(timeout === undefined ? {} : { timeout: openTimeout(timeout, at_ms) }),
  };
};

/** Registers the waits of a wait node. Opening and registration are one commit, so no run is parked without its wait. */
export const openWaits = ({ node_id, waits }: OpenWaits, run: Run, context: RunContext): Decision<RunEvent, ExecutionRefusal> => {
  const spec = startableNode(run, context, node_id)?.wait;
  if (spec === undefined || waits.length !== (spec.kind === 'any' ? spec.of.length : 1)) return notReady({ node_id });
  const first = waitIdOf(run, { node_id }, 'wait');
  const events = waits.map((wait, branch): RunEvent => {
    const identity = spec.kind === 'any' ? { wait_id: `${first}:${branch}`, node_id, branch } : { wait_id: first, node_id };
    return { event_type: 'wait_node_registered', data: { wait: opened(identity, wait, context.at_ms) } };
  });
  return accept(...events);
};
