import type { Run } from '@cs/contracts';
import { gateToOpen, isStartable, planRun } from './run-plan.js';
import { effectOf, history } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes } from './run-scenario.fixture.js';

const { http, transform, timer, gate } = nodes;
const definition = definitionOf(gate('late', ['a']), http('b'), timer('wait', ['a']), http('a'), gate('early'), transform('c', ['a', 'b']), timer('other'));
const { created, claimed, started, completed, waiting, backingOff, failed, blocked } = history(definition);
const runAfter = (...events: Parameters<typeof foldEvents>[0]): Run => {
  const run = foldEvents([created, claimed(1), ...events]);
  if (run === undefined) throw new Error('no run');
  return run;
};
const ids = (list: readonly { readonly node_id: string }[]): readonly string[] => list.map(({ node_id }) => node_id);

describe('the plan of a run', () => {
  it('lists what could happen next, each kind in the order of the definition', () => {
    const plan = planRun(runAfter(), definition);
    expect([ids(plan.ready), ids(plan.waits), ids(plan.gates), plan.inProgress, plan.interrupted]).toEqual([['b', 'a'], ['other'], ['early'], 0, []]);
    const next = planRun(runAfter(started('a', effectOf('a')), completed('a')), definition);
    expect([ids(next.ready), ids(next.waits), ids(next.gates)]).toEqual([['b'], ['wait', 'other'], ['late', 'early']]);
  });

  it('leaves out what runs, waits, backs off or has ended', () => {
    expect(ids(planRun(runAfter(started('a', effectOf('a'))), definition).ready)).toEqual(['b']);
    for (const end of [backingOff('a'), failed('a'), blocked('a')]) expect(ids(planRun(runAfter(started('a', effectOf('a')), end), definition).ready)).toEqual(['b']);
    expect(ids(planRun(runAfter(waiting('other')), definition).waits)).toEqual([]);
  });

  it('names nodes that an earlier claim left in progress', () => {
    const plan = planRun(runAfter(started('a', effectOf('a')), claimed(2), started('b', effectOf('b'))), definition);
    expect([plan.interrupted, plan.inProgress]).toEqual([[{ node_id: 'a' }], 2]);
  });

  it('agrees with the question whether one node could start', () => {
    const run = runAfter(started('a', effectOf('a')), completed('a'), waiting('wait'));
    const { ready, waits, gates } = planRun(run, definition);
    const all = new Set(ids([...ready, ...waits, ...gates]));
    for (const { node_id } of definition.flow.nodes) expect(isStartable(run, definition, node_id)).toBe(all.has(node_id));
    expect(isStartable(run, definition, 'nobody')).toBe(false);
  });

  it('opens no gate while anything else could be done, then the first of them', () => {
    expect(gateToOpen(runAfter(), definition)).toBeUndefined();
    const done = [started('a', effectOf('a')), completed('a'), started('b', effectOf('b')), completed('b'), waiting('wait'), waiting('other'), started('c'), completed('c')];
    expect(gateToOpen(runAfter(...done), definition)?.node_id).toBe('late');
    expect(gateToOpen(runAfter(...done.slice(0, -1)), definition)).toBeUndefined();
  });
});
