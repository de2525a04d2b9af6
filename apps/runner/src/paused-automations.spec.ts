import { pauseAutomation, resumeAutomation, type AutomationStatuses } from '@cs/automation-application';
import { listRuns, logSubject, type RpcMethod } from '@cs/contracts';
import type { ConsumerOutcome } from '@cs/eventing';
import type { RpcClient } from '@cs/platform';
import { eventually } from '@cs/testing';
import type { z } from 'zod';
import { automation, context, InMemoryRunner, steps } from './in-memory-runner.fixture.js';
import { pausedAutomations, type FollowOptions } from './paused-automations.js';

/** A list may answer less than it is asked for; what counts is whether there is a next page. */
const page = 20;
/** More than two pages. */
const many = 50;

/** The list of runs as observability answers it, page by page; and how many pages were asked for. */
const listing = (runner: InMemoryRunner): { readonly rpc: RpcClient; pages: number; isDown: boolean } => {
  const answered = { pages: 0, isDown: false };
  const call = async (_method: RpcMethod<z.ZodType, unknown>, { payload }: { readonly payload: unknown }): Promise<unknown> => {
    if (answered.isDown) return { ok: false, refusal: { code: 'SERVICE_UNAVAILABLE', message: 'away' } };
    answered.pages += 1;
    const { automation_id, status, limit, cursor = '' } = listRuns.payload.parse(payload);
    const runs = await Promise.all(runner.runIds().map((id) => runner.load(id)));
    const found = runs.filter((run) => run.automation_id === automation_id && run.status === status && run.run_id > cursor).sort((a, b) => (a.run_id < b.run_id ? -1 : 1));
    const items = found.slice(0, Math.min(limit, page));
    return { ok: true, value: { items, ...(found.length > items.length ? { next_cursor: items.at(-1)?.run_id } : {}) } };
  };
  return Object.assign(answered, { rpc: { call } as unknown as RpcClient });
};

/** `change` stands between the consumer and what it uses. */
const world = async (change: (runner: InMemoryRunner) => Partial<Pick<FollowOptions, 'eventing' | 'definitions'>> = () => ({})) => {
  const runner = new InMemoryRunner();
  await runner.define(automation([steps.post('pay')]));
  const statusOf: AutomationStatuses['statusOf'] = async (tenant, id) => (await runner.store.last({ ...tenant, aggregate: 'automation', id }))?.status ?? 'absent';
  const automations: AutomationStatuses = { statusOf, readStatus: statusOf };
  const list = listing(runner);
  const changes = { announce: (runId: string) => void runner.listeners.get(runId)?.(), listen: () => () => undefined };
  const consumer = pausedAutomations({ eventing: runner.eventing, definitions: runner.definitions, changes, automations, rpc: list.rpc, ...change(runner) });
  /** Delivers the automation's newest commit. */
  const follow = async (): Promise<ConsumerOutcome> => {
    const last = await runner.store.last({ ...runner.ref('a'), aggregate: 'automation' });
    if (last === undefined) throw new Error('no automation');
    return await consumer.handle({ subject: logSubject(last.ref, last.status), position: last.position, deliveryCount: 1, header: () => '', text: () => JSON.stringify(last.commit) });
  };
  const start = (): Promise<readonly string[]> => Promise.all(Array.from({ length: many }, () => runner.start('a')));
  const statuses = async (): Promise<Readonly<Record<string, number>>> => {
    const counted: Record<string, number> = {};
    for (const id of runner.runIds()) {
      const run = await runner.load(id);
      const status = run.status === 'queued' && run.scheduler !== undefined ? run.scheduler.queue_reason : run.status;
      counted[status] = (counted[status] ?? 0) + 1;
    }
    return counted;
  };
  return { runner, list, follow, start, statuses, executor: runner.newExecutor('runner-1', { automations }) };
};

describe('the pause of an automation', () => {
  it('pauses every run that executes, also when they are more than two pages, and each once', async () => {
    const { runner, list, follow, start, statuses, executor } = await world();
    const runs = await start();
    runner.http.answer = () => new Promise(() => undefined);
    const executing = runs.map((run) => runner.execute(run, { executor }));
    await eventually(() => runner.http.sent.length === many);
    await pauseAutomation(runner, context, { automation_id: 'a' });
    expect(await follow()).toEqual({ kind: 'done' });
    await Promise.all(executing);
    expect(await statuses()).toEqual({ paused: many });
    expect(list.pages).toBe(3);
    const types = runs.flatMap((run) => runner.eventTypes(run)).filter((type) => type === 'run_pause_requested' || type === 'run_paused');
    expect(types).toHaveLength(2 * many);
    // The message comes again: everything is as it was.
    await follow();
    expect(await statuses()).toEqual({ paused: many });
  });

  it('holds every queued run at its claim, and lets all of them go when the automation is active again', async () => {
    const { runner, follow, start, statuses, executor } = await world();
    const runs = await start();
    await pauseAutomation(runner, context, { automation_id: 'a' });
    await follow();
    expect(await statuses()).toEqual({ queued: many });
    for (const run of runs) await runner.execute(run, { executor });
    expect(await statuses()).toEqual({ automation_paused: many });
    await resumeAutomation(runner, context, { automation_id: 'a' });
    await follow();
    expect(await statuses()).toEqual({ queued: many });
    for (const run of runs) await runner.execute(run, { executor });
    expect(await statuses()).toEqual({ completed: many });
  });

  it('comes again later when the runs cannot be listed, and a late message does what the status of now asks for', async () => {
    const { runner, list, follow, statuses } = await world();
    const run = await runner.start('a');
    runner.http.answer = () => new Promise(() => undefined);
    void runner.execute(run);
    await eventually(() => runner.http.sent.length === 1);
    await pauseAutomation(runner, context, { automation_id: 'a' });
    list.isDown = true;
    expect(await follow()).toMatchObject({ kind: 'retry-later' });
    expect(await statuses()).toEqual({ running: 1 });
    list.isDown = false;
    await resumeAutomation(runner, context, { automation_id: 'a' });
    expect(await follow()).toEqual({ kind: 'done' });
    expect(await statuses()).toEqual({ running: 1 });
  });

  it('reaches the runs behind one that cannot be told, and comes again for that one', async () => {
    let failing = true;
    const { runner, follow, start, statuses, executor } = await world(({ definitions }) => ({
      definitions: { get: (tenant: { org_id: string; workspace_id: string }, hash: string) => (failing ? ((failing = false), Promise.reject(new Error('its definition is not there'))) : definitions.get(tenant, hash)) } as unknown as FollowOptions['definitions'],
    }));
    const runs = await start();
    runner.http.answer = () => new Promise(() => undefined);
    const executing = runs.map((run) => runner.execute(run, { executor }));
    await eventually(() => runner.http.sent.length === many);
    await pauseAutomation(runner, context, { automation_id: 'a' });
    await expect(follow()).rejects.toThrow('1 runs of automation "a" could not follow it');
    await eventually(async () => (await statuses())['paused'] === many - 1);
    expect(await statuses()).toEqual({ paused: many - 1, running: 1 });
    expect(await follow()).toEqual({ kind: 'done' });
    await Promise.all(executing);
    expect(await statuses()).toEqual({ paused: many });
  });

  it('comes again for a run to which others keep writing first', async () => {
    let contended = true;
    const { runner, follow, statuses, executor } = await world(({ eventing }) => {
      const { store } = eventing;
      return { eventing: { ...eventing, store: { last: (ref) => store.last(ref), at: (position) => store.at(position), append: (...commit) => (contended ? Promise.resolve({ kind: 'conflict' }) : store.append(...commit)) } } };
    });
    const run = await runner.start('a');
    runner.http.answer = () => new Promise(() => undefined);
    const executing = runner.execute(run, { executor });
    await eventually(() => runner.http.sent.length === 1);
    await pauseAutomation(runner, context, { automation_id: 'a' });
    await expect(follow()).rejects.toThrow('could not follow it');
    contended = false;
    expect(await follow()).toEqual({ kind: 'done' });
    await executing;
    expect(await statuses()).toEqual({ paused: 1 });
  });
});
