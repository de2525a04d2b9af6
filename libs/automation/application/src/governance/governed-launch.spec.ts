import { holdOf } from '@cs/automation-domain';
import { patchAutomation } from '../store-automation.command-handler.js';
import { deleteAutomation } from '../operate-automation.command-handler.js';
import { examineHeld } from '../held-runs.js';
import { launchGoverned } from './govern-commands.js';
import { changeAgent } from './govern-agents.command-handlers.js';
import { addGrant, extendAutomation, readGovernance, restoreAutomation, retireAutomation, reviewAutomation, revokeGrant } from './govern-automation.command-handlers.js';
import { changeLimits } from './govern-agents.command-handlers.js';
import { decideApproval } from './governance-approvals.command-handlers.js';
import { bot, byBot, GovernanceWorld, human, refusalOf, valueOf } from './governance-world.fixture.js';

const automation_id = 'refunds';
const day = 86_400_000;
const holdIn = async (world: GovernanceWorld, run: string) => holdOf(await world.app.run(run))?.queue_reason;
const kindOf = async (world: GovernanceWorld) => valueOf(await readGovernance(world.app, human(), automation_id)).governance.hold?.kind;

describe('what an agent creates', () => {
  it('starts no run until a person has allowed its definition, once', async () => {
    const world = new GovernanceWorld();
    const approval_id = await world.made();
    const run = await world.run();
    await world.execute(run);
    expect([await holdIn(world, run), world.sent.length, await kindOf(world)]).toEqual(['governance', 0, 'activation_required']);
    await world.allow(approval_id);
    expect(await world.release(run)).toBe(true);
    await world.execute(run);
    expect([await world.statusOf(run), world.sent.length, await kindOf(world)]).toEqual(['completed', 1, undefined]);
    expect(world.types('governance_approval')).toEqual(['governance_approval_requested', 'governance_approval_approved', 'governance_approval_consumed']);
  });

  it('says who made it and on whose behalf, whatever the definition claims, and keeps that when people edit it', async () => {
    const world = new GovernanceWorld();
    const forged = { governance: { provenance: { creator: { kind: 'human', actor_id: 'ada' }, ancestors: [], depth: 0 }, declared_capabilities: ['payments'] } };
    valueOf(await world.create({ ...byBot(), ancestors: ['planner'] }, { metadata: forged }));
    const provenance = { creator: bot, ancestors: ['planner'], depth: 1 };
    expect(valueOf(await readGovernance(world.app, human(), automation_id)).governance).toMatchObject({ provenance, declared_capabilities: ['payments'] });
    valueOf(await patchAutomation(world.app, human(), { automation_id, patch: { metadata: {} } }));
    expect(valueOf(await readGovernance(world.app, human(), automation_id)).governance).toMatchObject({ provenance, declared_capabilities: [] });
  });

  it('has to be allowed again when the agent changes it; what a person changes of what was allowed stays allowed', async () => {
    const world = new GovernanceWorld();
    await world.active();
    valueOf(await patchAutomation(world.app, human(), { automation_id, patch: { name: 'Renamed' } }));
    expect(await kindOf(world)).toBeUndefined();
    const before = await world.run();
    valueOf(await patchAutomation(world.app, byBot(), { automation_id, patch: { name: 'Mine' } }));
    expect(await kindOf(world)).toBe('activation_required');
    const after = await world.run();
    for (const run of [before, after]) await world.execute(run);
    // A run that pins what was allowed goes on.
    expect([await world.statusOf(before), await holdIn(world, after)]).toEqual(['completed', 'governance']);
    valueOf(await patchAutomation(world.app, human(), { automation_id, patch: { name: 'Renamed by a person' } }));
    expect(await kindOf(world)).toBe('activation_required');
  });

  it('does not get around that by deleting it, nor when its id is used again', async () => {
    const world = new GovernanceWorld();
    await world.made();
    const run = await world.run();
    await world.execute(run);
    valueOf(await deleteAutomation(world.app, byBot(), { automation_id }));
    expect(await world.release(run)).toBe(false);
    valueOf(await world.create(human()));
    expect(await world.release(run)).toBe(false);
    valueOf(await deleteAutomation(world.app, human(), { automation_id }));
    const automations = { statusOf: () => Promise.resolve('deleted_paused'), readStatus: () => Promise.resolve('deleted_paused') };
    expect(await examineHeld({ ...world.app, automations, admission: { recheck: () => Promise.reject(new Error('nothing limits it')) } }, world.refOf('run', run))).toBe(true);
    expect([await world.statusOf(run), world.sent.length]).toEqual(['cancelled', 0]);
  });

  it('may start runs for ninety days, and is held after that until a person extends it', async () => {
    const world = new GovernanceWorld();
    await world.active();
    const [early, late] = [await world.run(), await world.run()];
    world.app.now += 89 * day;
    await world.execute(early);
    world.app.now += 2 * day;
    await world.execute(late);
    expect([await world.statusOf(early), await holdIn(world, late), await kindOf(world)]).toEqual(['completed', 'governance', 'expired']);
    expect(world.types('automation')).toContain('automation_expired');
    expect(refusalOf(await extendAutomation(world.app, human(), { automation_id, expires_at_ms: world.app.now - 1 })).code).toBe('AUTOMATION_V2_EXTENSION_INVALID');
    valueOf(await extendAutomation(world.app, human(), { automation_id, expires_at_ms: world.app.now + day }));
    expect(await world.release(late)).toBe(true);
    await world.execute(late);
    expect(await world.statusOf(late)).toBe('completed');
  });

  it('counts a run once although its runner died between the admission and the claim', async () => {
    const world = new GovernanceWorld();
    await world.active();
    const run = await world.run();
    const append = world.app.store.append.bind(world.app.store);
    world.app.store.append = (ref, ...rest) => (ref.aggregate === 'run' ? Promise.reject(new Error('it died')) : append(ref, ...rest));
    await expect(world.execute(run)).rejects.toThrow('it died');
    world.app.store.append = append;
    await world.execute(run, true);
    expect([await world.statusOf(run), valueOf(await readGovernance(world.app, human(), automation_id)).governance.launches_since_review]).toEqual(['completed', 1]);
  });

  it('has to be reviewed after so many runs; the same run delivered again counts once', async () => {
    const world = new GovernanceWorld();
    await world.active();
    valueOf(await changeLimits(world.app, human(), { review_after_runs: 2 }));
    const [first = '', second = '', third = ''] = [await world.run(), await world.run(), await world.run()];
    await world.execute(first);
    await world.execute(first, true);
    await world.execute(second);
    await world.execute(third);
    expect([await world.statusOf(second), await holdIn(world, third), await kindOf(world)]).toEqual(['completed', 'governance', 'review_required']);
    expect(refusalOf(await reviewAutomation(world.app, byBot(), { automation_id })).code).toBe('GOVERNANCE_REQUIRES_HUMAN');
    valueOf(await reviewAutomation(world.app, human(), { automation_id }));
    expect(await world.release(third)).toBe(true);
  });
});

describe('dependency revocation pauses queued runs', () => {
  const usesPayments = { metadata: { governance: { declared_capabilities: ['payments'] } } };

  it('of a capability that the automation declares: runs are held until it is granted again', async () => {
    const world = new GovernanceWorld();
    await world.active({}, usesPayments);
    const queued = await world.run();
    valueOf(await revokeGrant(world.app, human(), { automation_id, grant_id: 'capability-payments', reason: 'the account was closed' }));
    await world.execute(queued);
    expect([await holdIn(world, queued), world.sent.length, await kindOf(world)]).toEqual(['governance', 0, 'authority_revoked']);
    expect(world.events('automation').at(-1)).toMatchObject({ event_type: 'automation_grant_revoked', data: { authority_revoked: true } });
    expect(await world.release(queued)).toBe(false);
    valueOf(await addGrant(world.app, human(), { automation_id, kind: 'capability', capability: 'payments' }));
    expect(await world.release(queued)).toBe(true);
    await world.execute(queued);
    expect(await world.statusOf(queued)).toBe('completed');
  });

  it('of a capability that it does not declare changes nothing', async () => {
    const world = new GovernanceWorld();
    await world.active();
    valueOf(await addGrant(world.app, human(), { automation_id, kind: 'capability', capability: 'mail' }));
    valueOf(await revokeGrant(world.app, human(), { automation_id, grant_id: 'capability-mail' }));
    expect(await kindOf(world)).toBeUndefined();
    expect(refusalOf(await revokeGrant(world.app, human(), { automation_id, grant_id: 'capability-mail' })).code).toBe('AUTOMATION_V2_GRANT_NOT_FOUND');
  });

  it('of the agent itself: every run of what it made is held until its authority is restored', async () => {
    const world = new GovernanceWorld();
    await world.active();
    const queued = await world.run();
    valueOf(await changeAgent(world.app, human(), { agent_id: 'bot', authority_revoked: true, reason: 'it left' }));
    await world.execute(queued);
    expect([await holdIn(world, queued), world.sent.length, await world.release(queued)]).toEqual(['governance', 0, false]);
    valueOf(await changeAgent(world.app, human(), { agent_id: 'bot', authority_revoked: false }));
    expect(await world.release(queued)).toBe(true);
  });

  it('between the claim and the first effect pauses the run before anything is sent, also when the runner has heard nothing of it', async () => {
    const world = new GovernanceWorld();
    await world.active({}, usesPayments);
    world.heard = 'active';
    const queued = await world.run();
    world.beforeLook = async () => valueOf(await revokeGrant(world.app, human(), { automation_id, grant_id: 'capability-payments' }));
    await world.execute(queued);
    expect([await world.statusOf(queued), world.sent.length]).toEqual(['paused', 0]);
    expect(await world.app.run(queued)).toMatchObject({ pause_reason: expect.stringContaining('payments') as string });
  });

  it.each(['before the claim', 'between claim and effect', 'not at all'] as const)('%s: a run is never admitted by what the runner heard earlier', async (when) => {
    const world = new GovernanceWorld();
    valueOf(await world.create(human()));
    world.heard = 'active';
    const run = await world.run();
    const retire = async (): Promise<void> => void valueOf(await retireAutomation(world.app, human(), { automation_id }));
    if (when === 'before the claim') await retire();
    if (when === 'between claim and effect') world.beforeLook = retire;
    await world.execute(run);
    expect([await world.statusOf(run), world.sent.length]).toEqual(when === 'not at all' ? ['completed', 1] : ['paused', 0]);
  });
});

describe('a retired automation', () => {
  it('starts no run, whoever made it, until a person restores it', async () => {
    const world = new GovernanceWorld();
    valueOf(await world.create(human()));
    const run = await world.run();
    valueOf(await retireAutomation(world.app, human(), { automation_id, reason: 'not needed' }));
    await world.execute(run);
    expect([await holdIn(world, run), await kindOf(world)]).toEqual(['governance', 'retired']);
    valueOf(await restoreAutomation(world.app, human(), { automation_id }));
    expect(await world.release(run)).toBe(true);
    await world.execute(run);
    expect(await world.statusOf(run)).toBe('completed');
  });
});

describe('a launch by an agent', () => {
  const ask = async (world: GovernanceWorld, input: number) => valueOf(await world.request(byBot(), { approval_type: 'launch', automation_id, input })).approval.approval_id;

  it('is allowed once, for exactly what was asked for; asked again it is the same run', async () => {
    const world = new GovernanceWorld();
    valueOf(await world.create(human()));
    const approval_id = await ask(world, 7);
    const launch = (input: number) => launchGoverned(world.app, byBot(), { automation_id, input, approval_id });
    expect(refusalOf(await launch(7)).code).toBe('GOVERNANCE_APPROVAL_NOT_APPROVED');
    valueOf(await decideApproval(world.app, human(), { approval_id, decision: 'approve' }));
    expect(refusalOf(await launch(8)).code).toBe('GOVERNANCE_APPROVAL_MISMATCH');
    const { run } = valueOf(await launch(7));
    expect(valueOf(await launch(7)).run.run_id).toBe(run.run_id);
    expect(world.types('run')).toEqual(['run_created']);
  });

  it('is another one when the automation has changed since; another agent\'s approval is not there', async () => {
    const world = new GovernanceWorld();
    valueOf(await world.create(human()));
    const approval_id = await ask(world, 7);
    valueOf(await decideApproval(world.app, human(), { approval_id, decision: 'approve' }));
    valueOf(await patchAutomation(world.app, human(), { automation_id, patch: { name: 'Other' } }));
    expect(refusalOf(await launchGoverned(world.app, byBot(), { automation_id, input: 7, approval_id })).code).toBe('GOVERNANCE_APPROVAL_MISMATCH');
    expect(refusalOf(await launchGoverned(world.app, byBot({}, { kind: 'agent', actor_id: 'other' }), { automation_id, input: 7, approval_id })).code).toBe('GOVERNANCE_APPROVAL_NOT_FOUND');
  });
});
