import { decideRun } from '@cs/automation-domain';
import { visibilitySchema, type CallContext, type VerifiedTenantContext } from '@cs/contracts';
import { executeCommand } from '@cs/eventing';
import type { Result } from '@cs/kernel';
import { runAccess } from './access-check.js';
import { approveHandoff, depositHandoff } from './handoff.command-handlers.js';
import { automation, callBy, InMemoryApplication, nodes, refusalOf, tenant, valueOf } from './in-memory-application.fixture.js';
import { deleteAutomation, pauseAutomation, resumeAutomation, shareAutomation } from './operate-automation.command-handler.js';
import { cancelRun, pauseRun, recoverRun, resumeRun } from './operate-run.command-handler.js';
import { continueTask, previewReset, reconcileEffect, requeueTask, retryTask, setDisposition } from './operate-task.command-handler.js';
import { repairRun } from './repair-run.command-handler.js';
import { requestRun } from './request-run.command-handler.js';
import { resolveWait } from './resolve-wait.command-handler.js';
import { runAggregate } from './run.aggregate.js';
import { createAutomation, patchAutomation } from './store-automation.command-handler.js';
import { automationVersions, overrideGuardrails, recordUsage } from './supervise-run.command-handler.js';
import { changeTrigger, createTrigger, rotateSecret, rotateToken } from './webhooks/configure-trigger.command-handler.js';
import { replayDelivery } from './webhooks/replay-delivery.command-handler.js';

const automation_id = 'refunds';

/** A person whom an assertion vouches for. */
const as = (actor_id: string, extra: Partial<VerifiedTenantContext> = {}): CallContext => ({
  ...callBy({ kind: 'human', actor_id, source: 'assertion' }),
  verified: {
    tenant_context: tenant, human_actor: { actor_id }, authority_chain: { initiated_by: actor_id, executed_as: actor_id }, roles: [], org_units: [], capabilities: [],
    issuer: 'idp', audience: 'countersign', issued_at_ms: 1, expires_at_ms: 2, assertion_id: 'a', ...extra,
  },
});
const [ada, bob, admin] = [as('ada'), as('bob', { org_units: ['support'] }), as('root', { roles: ['workspace:admin'] })];

class World extends InMemoryApplication {
  readonly options = {
    eventing: this.eventing, definitions: this.definitions, evaluator: this.evaluator, newId: this.newId,
    changes: { announce: () => undefined, listen: () => () => undefined }, timers: { schedule: () => Promise.resolve() },
    secrets: { secretOf: () => 'secret' }, newToken: this.newId, allowUnsigned: false,
  };
  run_id = '';
  trigger_id = '';
  handoff_id = '';

  /** An automation of ada's, with a run, a trigger and a handoff of its own. */
  static async ofAda(): Promise<World> {
    const world = new World();
    valueOf(await createAutomation(world, ada, automation([nodes.transform('work', '1')], { handoff_config: { auto_approve: false } })));
    world.run_id = valueOf(await requestRun(world, ada, { automation_id })).run.run_id;
    world.trigger_id = valueOf(await createTrigger(world.options, ada, { automation_id, provider: 'generic' })).value.trigger.trigger_id;
    world.handoff_id = valueOf(await depositHandoff(world, ada, { automation_id, artifact_type: 'order' })).handoff.handoff_id;
    return world;
  }

  share(visibility: 'private' | 'group' | 'org', by: CallContext = ada) {
    return shareAutomation(this, by, { automation_id, visibility, audience_principals: [{ kind: 'department', id: 'support' }] });
  }
}

type Command = (world: World, context: CallContext) => Promise<Result<unknown>>;
const trigger = ({ trigger_id }: World) => ({ automation_id, trigger_id });
const task = ({ run_id }: World) => ({ run_id, node_id: 'work' });

const commands: readonly (readonly [string, Command])[] = [
  ['run_now', (world, by) => requestRun(world, by, { automation_id })],
  ['patch', (world, by) => patchAutomation(world, by, { automation_id, patch: { name: 'Other' } })],
  ['pause', (world, by) => pauseAutomation(world, by, { automation_id })],
  ['resume', (world, by) => resumeAutomation(world, by, { automation_id })],
  ['share', (world, by) => world.share('org', by)],
  ['delete', (world, by) => deleteAutomation(world, by, { automation_id })],
  ['run pause', (world, by) => pauseRun(world.options, by, world)],
  ['run resume', (world, by) => resumeRun(world.options, by, world)],
  ['run cancel', (world, by) => cancelRun(world.options, by, world)],
  ['run recover', (world, by) => recoverRun(world.options, by, world)],
  ['run repair', (world, by) => repairRun(world.options, by, task(world))],
  ['guardrail override', (world, by) => overrideGuardrails(world.options, by, { run_id: world.run_id, limits: { max_total_runtime_ms: 5 } })],
  ['usage', (world, by) => recordUsage(world.options, by, { run_id: world.run_id, usage_id: 'u', usage: {} })],
  ['task retry', (world, by) => retryTask(world.options, by, task(world))],
  ['task requeue', (world, by) => requeueTask(world.options, by, task(world))],
  ['task continue', (world, by) => continueTask(world.options, by, task(world))],
  ['task reset preview', (world, by) => previewReset(world.options, by, task(world))],
  ['task disposition', (world, by) => setDisposition(world.options, by, { ...task(world), disposition: 'accepted' })],
  ['task reconcile', (world, by) => reconcileEffect(world.options, by, { ...task(world), outcome: 'retry' })],
  ['wait resolve', (world, by) => resolveWait(world.options, by, { run_id: world.run_id, wait_id: 'w', idempotency_key: 'k' })],
  ['handoff approval', (world, by) => approveHandoff(world, by, { automation_id, handoff_id: world.handoff_id })],
  ['trigger create', (world, by) => createTrigger(world.options, by, { automation_id, provider: 'generic' })],
  ['trigger change', (world, by) => changeTrigger(world.options, by, { ...trigger(world), command: { type: 'disable' } })],
  ['trigger secret', (world, by) => rotateSecret(world.options, by, { ...trigger(world), overlap_ms: 0 })],
  ['trigger token', (world, by) => rotateToken(world.options, by, { ...trigger(world), overlap_ms: 0 })],
  ['delivery replay', (world, by) => replayDelivery(world.options, by, { ...trigger(world), delivery_id: 'd' })],
];
const views: readonly (readonly [string, Command])[] = [
  ['versions', (world, by) => automationVersions(world.options, by, automation_id)],
  ['handoff deposit', (world, by) => depositHandoff(world, by, { automation_id, artifact_type: 'order' })],
];

const absent = /^AUTOMATION_V2_(RUN_)?NOT_FOUND$/;
const code = async (command: Promise<Result<unknown>>): Promise<string> => {
  const result = await command;
  return result.ok ? '' : result.refusal.code;
};

describe.each([...commands])('the command %s', (_name, command) => {
  it('is for the owner, administrators, and callers without an assertion', async () => {
    for (const context of [ada, admin, callBy()]) {
      const refusal = await code(command(await World.ofAda(), context));
      expect(refusal).not.toMatch(absent);
      expect(refusal).not.toBe('AUTOMATION_V2_ACCESS_DENIED');
    }
  });

  it('answers as for an unknown automation or run who does not see it, and changes nothing', async () => {
    const world = await World.ofAda();
    const before = world.store.all().length;
    const refusal = refusalOf(await command(world, bob));
    expect(refusal.code).toMatch(absent);
    expect(JSON.stringify(refusal)).not.toContain('ada');
    expect(world.store.all()).toHaveLength(before);
  });

  it('is denied to who only sees it, and changes nothing', async () => {
    for (const visibility of ['org', 'group'] as const) {
      const world = await World.ofAda();
      valueOf(await world.share(visibility));
      const before = world.store.all().length;
      expect(await code(command(world, bob))).toBe('AUTOMATION_V2_ACCESS_DENIED');
      expect(world.store.all()).toHaveLength(before);
    }
  });
});

describe.each([...views])('%s', (_name, view) => {
  it('is for everyone who sees the automation, and nobody else', async () => {
    const world = await World.ofAda();
    expect(await code(view(world, bob))).toBe('AUTOMATION_V2_NOT_FOUND');
    valueOf(await world.share('group'));
    expect(await code(view(world, bob))).toBe('');
    expect(await code(view(world, as('carl', { org_units: ['sales'] })))).toBe('AUTOMATION_V2_NOT_FOUND');
    valueOf(await world.share('private'));
    expect(await code(view(world, bob))).toBe('AUTOMATION_V2_NOT_FOUND');
  });
});

describe('whom an automation belongs to', () => {
  const accessOf = (metadata: unknown) => (metadata as { resource_access?: unknown } | undefined)?.resource_access;

  it('is who creates it, whatever the definition says', async () => {
    const planted = { resource_access: { owner_principal: { kind: 'human_user', id: 'bob' }, visibility: 'org' } };
    const { automation: stored } = valueOf(await createAutomation(new InMemoryApplication(), ada, automation([nodes.transform('work', '1')], { metadata: planted })));
    expect(accessOf(stored.metadata)).toMatchObject({ owner_principal: { kind: 'human_user', id: 'ada' }, visibility: visibilitySchema.enum.private, created_by: { actor_id: 'ada' } });
  });

  it('is not changed by editing: its metadata may be replaced, and stays theirs', async () => {
    const world = await World.ofAda();
    for (const metadata of [{}, { note: 1 }, { resource_access: { owner_principal: { kind: 'human_user', id: 'bob' } } }]) {
      const { automation: stored } = valueOf(await patchAutomation(world, ada, { automation_id, patch: { metadata } }));
      expect(accessOf(stored.metadata)).toMatchObject({ owner_principal: { id: 'ada' }, visibility: 'private' });
    }
    expect(await code(automationVersions(world.options, bob, automation_id))).toBe('AUTOMATION_V2_NOT_FOUND');
  });

  it('was never recorded for what callers without an assertion made, and everybody may', async () => {
    const world = new World();
    valueOf(await createAutomation(world, callBy(), automation([nodes.transform('work', '1')])));
    expect(await code(requestRun(world, bob, { automation_id }))).toBe('');
  });
});

describe('a run', () => {
  it('is decided on by what its automation is now, not by what it was when the run began', async () => {
    const world = await World.ofAda();
    valueOf(await world.share('org'));
    expect(await code(pauseRun(world.options, bob, world))).toBe('AUTOMATION_V2_ACCESS_DENIED');
    valueOf(await world.share('private'));
    expect(await code(pauseRun(world.options, bob, world))).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
  });

  it('of a deleted automation stays as its owner left it', async () => {
    const world = await World.ofAda();
    valueOf(await deleteAutomation(world, ada, { automation_id }));
    expect(await code(cancelRun(world.options, bob, world))).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
    expect(await code(cancelRun(world.options, ada, world))).toBe('');
  });

  it('without an automation is decided on by its own definition', async () => {
    const world = await World.ofAda();
    const run = await world.run(world.run_id);
    const definition = await world.definitions.get(tenant, run.workflow_definition_snapshot_hash);
    const orphan = { ...tenant, aggregate: 'run', id: 'orphan' } as const;
    await executeCommand(orphan, {
      eventing: world.eventing, aggregate: runAggregate, context: {},
      decide: (state, at_ms) => decideRun({
        type: 'request_run', created: { ...run, run_id: 'orphan', automation_id: 'never-stored', requested_by: ada.actor, node_ids: ['work'] },
      }, state, { at_ms, definition }),
    });
    const stored = await world.run('orphan');
    expect(await code(runAccess(world.options, bob, { run: stored, right: 'view' }))).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
    expect(await code(runAccess(world.options, ada, { run: stored, right: 'change' }))).toBe('');
  });
});
