import type { AggregateRef } from '@cs/contracts';
import { InMemoryEventStore } from '@cs/eventing';
import { noPosition, type Json, type Position } from '@cs/kernel';
import { awaitedGate } from './awaited-gate.js';
import { pendingGate, runId, tenant } from './notification.fixture.js';
import { runFacts } from './run-facts.js';

const run: AggregateRef = { ...tenant, aggregate: 'run', id: runId };
const definitionId = 'd'.repeat(64);
const founding = { automation_id: 'refund-order', requested_by: { kind: 'human', actor_id: 'mona' }, workflow_definition_snapshot_hash: `sha256:${definitionId}` };
const gate: Json = JSON.parse(JSON.stringify(pendingGate()));

/** A log in which each commit of the run holds one event, and a state where one is given. */
class RunLog {
  readonly store = new InMemoryEventStore();
  #previous: Position = noPosition;
  #version = 0;

  async commit(status: string, event: { readonly event_type: string; readonly data: Json }, state?: Json): Promise<Position> {
    this.#version += 1;
    const recorded = { event_id: `event-${this.#version}`, version: 1, recorded_at_ms: 1, correlation_id: 'by-correlation', ...event };
    const appended = await this.store.append(run, status, { commit_id: `c${this.#version}`, previous: this.#previous, version: this.#version, events: [recorded], ...(state === undefined ? {} : { state: { version: 1, value: state } }) });
    if (appended.kind === 'conflict') throw new Error('the run was changed by someone else');
    this.#previous = appended.position;
    return appended.position;
  }

  async define(name: string): Promise<void> {
    const data = { definition_hash: `sha256:${definitionId}`, definition: { automation_id: 'refund-order', name, flow: { nodes: [{ node_id: 'pay', objective: 'pay' }] } } };
    await this.store.append({ ...tenant, aggregate: 'definition', id: definitionId }, 'stored', { commit_id: 'd', previous: noPosition, version: 1, events: [{ event_id: 'd', event_type: 'definition_stored', version: 1, recorded_at_ms: 1, data }] });
  }
}

const something = { event_type: 'run_completed', data: {} };
const created = {
  ...founding, run_id: runId, tenant_context: { ...tenant, source: 'explicit' }, trigger_type: 'manual', input: {}, workflow_definition_version: 'v1', effective_execution_profile: 'strict', node_ids: ['pay'],
};

describe('what a run says of itself', () => {
  it('is read from the commit that carries its state', async () => {
    const log = new RunLog();
    await log.define('Refund an order');
    await log.commit('queued', something);
    const position = await log.commit('awaiting_approval', something, { ...founding, status: 'awaiting_approval' });
    expect(await runFacts(log.store, { ...tenant, event_id: 'event-2', position })).toEqual({ automation_id: 'refund-order', automation_name: 'Refund an order', requested_by: founding.requested_by });
  });

  it('is read from the commits before, where the commit carries no state', async () => {
    const log = new RunLog();
    await log.define('Refund an order');
    await log.commit('queued', { event_type: 'run_created', data: created });
    await log.commit('running', something);
    const position = await log.commit('awaiting_approval', something);
    expect(await runFacts(log.store, { ...tenant, event_id: 'event-3', position })).toMatchObject({ automation_name: 'Refund an order', requested_by: { actor_id: 'mona' } });
  });

  it('is the id of the automation alone where the log says no more', async () => {
    const log = new RunLog();
    const position = await log.commit('running', something);
    expect(await runFacts(log.store, { ...tenant, event_id: 'event-1', position })).toEqual({ automation_id: 'by-correlation' });
  });
});

describe('the gate that a run waits at', () => {
  it('is the one of its state, with its votes, and of the opening before where none is carried', async () => {
    const log = new RunLog();
    const opened = { event_type: 'approval_gate_opened', data: { gate, blocked_nodes: [] } };
    await log.commit('awaiting_approval', opened);
    await log.commit('awaiting_approval', something);
    expect(await awaitedGate(log.store, { ...tenant, run_id: runId })).toEqual(pendingGate());
    await log.commit('awaiting_approval', something, { checkpoint: { awaiting_gate: { ...pendingGate(), title: 'now' } } });
    expect(await awaitedGate(log.store, { ...tenant, run_id: runId })).toEqual({ ...pendingGate(), title: 'now' });
    await log.commit('queued', something);
    expect(await awaitedGate(log.store, { ...tenant, run_id: runId })).toBeUndefined();
    expect(await awaitedGate(log.store, { ...tenant, run_id: 'nobody' })).toBeUndefined();
  });
});
