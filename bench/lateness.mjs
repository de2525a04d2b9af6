// How late the system does what is due at a time: timers of runs, and fires of schedules.
import { setTimeout as delay } from 'node:timers/promises';
import { BenchApi } from './lib/api.mjs';
import { drive } from './lib/load.mjs';
import { cpuSince } from './lib/processes.mjs';
import { row, summary } from './lib/statistics.mjs';

const automation = (automation_id, nodes, extra = {}) => ({ automation_id, name: automation_id, status: 'active', ...extra, flow: { nodes } });

const withApi = async (system, use) => {
  const api = new BenchApi(system.url, 64);
  try {
    return await use(api);
  } finally {
    await api.close();
  }
};

/** Runs whose timers are all due at one time, `seconds` from now: all must be parked by then. */
const timers = async (system, { count = 1000, seconds = 30 } = {}) =>
  await withApi(system, async (api) => {
    await api.call('POST', '/automations/v2', automation('bench-timers', [{ node_id: 'wait', objective: 'wait', wait: { kind: 'timer', wake_at: '{{ input.due }}' } }]));
    await api.listen(['run_parked', 'run_completed', 'run_failed']);
    let costs = '';
    const dueMs = Math.ceil((Date.now() + seconds * 1000) / 1000) * 1000;
    const due = new Date(dueMs).toISOString();
    const ids = await drive(count, 64, async () => {
      const { value } = await api.call('POST', '/automations/v2/bench-timers/run_now', { input: { due } });
      const type = await api.next(value.run.run_id);
      if (type !== 'run_parked') throw new Error(`run ${value.run.run_id}: ${type}`);
      return value.run.run_id;
    });
    const aheadMs = dueMs - Date.now();
    if (aheadMs < 1000) throw new Error(`parking ${count} runs took too long; give more --seconds`);
    const before = system.usage();
    const late = await Promise.all(ids.map(async (id) => {
      const type = await api.next(id);
      if (type !== 'run_completed') throw new Error(`run ${id}: ${type}`);
    })).then(() => (costs = cpuSince(before, system.usage(), count))).then(() => drive(count, 32, async (n) => {
      const { value } = await api.call('GET', `/automations/v2/runs/${ids[n]}`);
      return { woken: value.run.checkpoint.node_outputs.wait.created_at_ms - dueMs, ended: value.run.finished_at_ms - dueMs };
    }));
    return [`(f) ${count} timers that are due in the same moment`, `  ${row('due to woken', summary(late.map(({ woken }) => woken)))}`, `  ${row('due to run completed', summary(late.map(({ ended }) => ended)))}`, `  ${costs}`].join('\n');
  });

/** Schedules of one second each: from the time of each fire to its run. */
const schedules = async (system, { count = 50, seconds = 20 } = {}) =>
  await withApi(system, async (api) => {
    const ids = Array.from({ length: count }, (_none, n) => `bench-schedule-${n}`);
    const nodes = [{ node_id: 'tick', objective: 'tick', action: { kind: 'transform', expression: '1' } }];
    await drive(count, 8, (n) => api.call('POST', '/automations/v2', automation(ids[n], nodes, { schedule: { type: 'interval', interval_seconds: 1, misfire_policy: 'run_once' } })));
    await delay(seconds * 1000);
    await drive(count, 8, (n) => api.call('PATCH', `/automations/v2/${ids[n]}`, { status: 'paused' }));
    await delay(2000);
    const found = (await drive(count, 8, async (n) => (await api.call('GET', `/automations/v2/${ids[n]}/runs?limit=200`)).value.runs)).flat();
    const late = found.map(({ created_at_ms, trigger_reason }) => created_at_ms - Date.parse(/due at (\S+)$/.exec(trigger_reason)[1]));
    const missed = found.filter(({ trigger_reason }) => trigger_reason.startsWith('missed')).length;
    return [`(g) ${count} interval schedules of 1 s, for ${seconds} s: ${found.length} runs, ${missed} of them for fire times that were missed`, `  ${row('due to run created', summary(late))}`].join('\n');
  });

/** What is measured by the clock: each prints from when something was due to when it happened. */
export const latenessScenarios = { timers, schedules };
