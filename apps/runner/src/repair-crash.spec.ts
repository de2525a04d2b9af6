import { DefinitionLibrary, patchAutomation, repairRun } from '@cs/automation-application';
import { localImplicitTenant } from '@cs/contracts';
import { CrashingEventStore, EndingProcess, type CrashPoint } from '@cs/testing';
import { automation, context, InMemoryRunner, steps } from './in-memory-runner.fixture.js';

const silent = { announce: () => undefined, listen: () => () => undefined };
const request = { node_id: 'pay', prompt: 'Pay slowly', command_id: 'repair-1' };

/** A run that has ended, and a process that ends while it repairs it. */
const repairIn = async (at?: CrashPoint) => {
  const runner = new InMemoryRunner();
  await runner.define(automation([steps.post('pay')]));
  const run_id = await runner.start('a');
  await runner.execute(run_id);
  const process = new EndingProcess(at);
  const eventing = { ...runner.eventing, store: new CrashingEventStore(runner.store, process) };
  const { evaluator } = runner;
  const repairing = repairRun({ eventing, evaluator, definitions: new DefinitionLibrary(eventing), changes: silent }, context, { run_id, ...request });
  await Promise.race([repairing, process.ended]);
  const prompt = async (): Promise<unknown> => {
    const { definition_hash } = (await runner.automation('a')) ?? {};
    const { flow } = await runner.definitions.get(localImplicitTenant, definition_hash ?? '');
    return flow.nodes[0]?.metadata;
  };
  return { runner, run_id, process, prompt, repairAgain: () => repairRun({ ...runner, changes: silent }, context, { run_id, ...request }) };
};
const repaired = { builder: { prompt: 'Pay slowly' } };

describe('a process that ends while it repairs a run', () => {
  it('writes the run first, then the automation', async () => {
    const { process } = await repairIn();
    expect(process.writes).toEqual(['append definition definition_stored', 'append run run_step_repaired', 'append automation automation_updated']);
  });

  it('leaves a run and an automation that both have the edit, as soon as a runner takes the run up', async () => {
    for (const at of [{ write: 2, when: 'after' }, { write: 3, when: 'before' }, { write: 3, when: 'after' }] as const) {
      const { runner, run_id, prompt, process } = await repairIn(at);
      expect(process.isOver).toBe(true);
      await runner.execute(run_id);
      expect({ at, prompt: await prompt() }).toEqual({ at, prompt: repaired });
      expect(await runner.load(run_id)).toMatchObject({ status: 'completed', workflow_definition_snapshot_hash: (await runner.automation('a'))?.definition_hash });
      expect(runner.store.all().filter(({ ref }) => ref.aggregate === 'automation')).toHaveLength(2);
    }
  });

  it('is repeated by its caller with the same key, and edits once', async () => {
    for (const at of [{ write: 1, when: 'after' }, { write: 2, when: 'before' }] as const) {
      const { run_id, runner, prompt, repairAgain } = await repairIn(at);
      expect(await prompt()).toBeUndefined();
      expect(await repairAgain()).toMatchObject({ ok: true, value: { reset_nodes: ['pay'] } });
      expect(await prompt()).toEqual(repaired);
      expect(runner.eventTypes(run_id).filter((type) => type === 'run_step_repaired')).toHaveLength(1);
    }
  });

  it('does not undo what somebody changed in the automation meanwhile', async () => {
    const { runner, run_id, prompt } = await repairIn({ write: 3, when: 'before' });
    expect((await patchAutomation(runner, context, { automation_id: 'a', patch: { name: 'Renamed' } })).ok).toBe(true);
    await runner.execute(run_id);
    expect((await runner.load(run_id)).status).toBe('completed');
    expect(await prompt()).toBeUndefined();
    expect(runner.store.all().filter(({ ref }) => ref.aggregate === 'automation').at(-1)?.commit.events).toMatchObject([{ data: { name: 'Renamed' } }]);
  });
});
