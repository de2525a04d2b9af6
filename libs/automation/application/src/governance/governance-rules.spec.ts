import { patchAutomation } from '../store-automation.command-handler.js';
import { deleteAutomation, pauseAutomation, resumeAutomation, shareAutomation } from '../operate-automation.command-handler.js';
import { consequential, createGoverned, governed, launchGoverned, releaseDeleted } from './govern-commands.js';
import { changeAgent, changeLimits, reviewAgent } from './govern-agents.command-handlers.js';
import { addGrant, readGovernance, retireAutomation } from './govern-automation.command-handlers.js';
import { decideApproval } from './governance-approvals.command-handlers.js';
import { loadAgent } from './governance-state.js';
import { bot, byBot, GovernanceWorld, human, valueOf } from './governance-world.fixture.js';

const automation_id = 'refunds';
const hour = 3_600_000;
const other = { org_id: 'globex' } as const;
const codeOf = async (result: Promise<{ readonly ok: boolean }>): Promise<string | undefined> => {
  const answer = (await result) as { readonly ok: boolean; readonly refusal?: { readonly code: string } };
  return answer.refusal?.code;
};
const patch = (world: GovernanceWorld, by = byBot(), name = 'Mine') =>
  governed(world.app, by, { attempt: { action: 'patch', resource_kind: 'automation', resource_id: automation_id }, command: () => patchAutomation(world.app, by, { automation_id, patch: { name } }) });
const remove = (world: GovernanceWorld, by = byBot()) =>
  governed(world.app, by, { attempt: { action: 'delete', resource_kind: 'automation', resource_id: automation_id }, command: () => releaseDeleted(world.app, by, { automation_id, command: () => deleteAutomation(world.app, by, { automation_id }) }) });

describe('consequential routes (share, run_now, …) refuse agents; denial writes protected audit', () => {
  it('with the code that says why, once for each try', async () => {
    const world = new GovernanceWorld();
    valueOf(await world.create(human()));
    const share = () => consequential(world.app, byBot(), { attempt: { action: 'share', resource_kind: 'automation', resource_id: automation_id }, command: () => shareAutomation(world.app, byBot(), { automation_id, visibility: 'org' }) });
    expect(await codeOf(share())).toBe('AUTOMATION_V2_ACCESS_DENIED');
    expect(await codeOf(launchGoverned(world.app, byBot(), { automation_id }))).toBe('AUTOMATION_V2_LAUNCH_APPROVAL_REQUIRED');
    expect(await codeOf(patch(world))).toBe('AUTOMATION_V2_MODIFY_FORBIDDEN');
    expect(await codeOf(remove(world))).toBe('AUTOMATION_V2_DELETE_HUMAN_CREATED_DENIED');
    expect(world.denials()).toEqual([
      ['share', 'AUTOMATION_V2_ACCESS_DENIED'], ['run_now', 'AUTOMATION_V2_LAUNCH_APPROVAL_REQUIRED'], ['patch', 'AUTOMATION_V2_MODIFY_FORBIDDEN'], ['delete', 'AUTOMATION_V2_DELETE_HUMAN_CREATED_DENIED'],
    ]);
    expect(world.events('governance_refusal')[0]).toMatchObject({ actor: bot, data: { actor: bot, resource_id: automation_id } });
    expect([world.types('automation'), world.types('run')]).toEqual([['automation_created'], []]);
  });

  it('but what is wrong in a request, or not there, is no denial', async () => {
    const world = new GovernanceWorld();
    expect(await codeOf(patch(world))).toBe('AUTOMATION_V2_NOT_FOUND');
    expect(await codeOf(createGoverned(world.app, byBot(), { definition: { automation_id } }))).toBe('AUTOMATION_V2_INVALID');
    expect(world.denials()).toEqual([]);
  });
});

describe('audit failure leaves state unchanged', () => {
  it('and a denial that cannot be recorded is not answered as one', async () => {
    const world = new GovernanceWorld();
    valueOf(await world.create(human()));
    const before = world.app.store.all().length;
    const append = world.app.store.append.bind(world.app.store);
    world.app.store.append = (ref, ...rest) => (ref.aggregate === 'governance_refusal' ? Promise.reject(new Error('the log is away')) : append(ref, ...rest));
    await expect(patch(world)).rejects.toThrow('the log is away');
    await expect(launchGoverned(world.app, byBot(), { automation_id })).rejects.toThrow('the log is away');
    expect(world.app.store.all()).toHaveLength(before);
  });

  it('because what is audited is the change itself: without its commit there is neither', async () => {
    const world = new GovernanceWorld();
    const approval_id = await world.made();
    world.app.store.append = () => Promise.reject(new Error('the log is away'));
    await expect(decideApproval(world.app, human(), { approval_id, decision: 'approve' })).rejects.toThrow('the log is away');
    await expect(retireAutomation(world.app, human(), { automation_id })).rejects.toThrow('the log is away');
    expect([world.types('governance_approval'), world.types('automation')]).toEqual([['governance_approval_requested'], ['automation_created']]);
    expect(valueOf(await readGovernance(world.app, human(), automation_id)).governance.hold?.kind).toBe('activation_required');
  });
});

describe('self, agent and cross-tenant reviews refused', () => {
  it('and recorded; another tenant, or another deployment, has no such approval', async () => {
    const world = new GovernanceWorld();
    const approval_id = await world.made();
    const { approval } = valueOf(await world.request(human('eve'), { approval_type: 'spend_override', agent_id: 'bot', allowed_usd: 5 }));
    const decide = (by: ReturnType<typeof human>, id = approval_id) => decideApproval(world.app, by, { approval_id: id, decision: 'approve' });
    expect(await codeOf(decide(byBot()))).toBe('GOVERNANCE_REQUIRES_HUMAN');
    expect(await codeOf(decide(byBot({}, { kind: 'agent', actor_id: 'another' })))).toBe('GOVERNANCE_REQUIRES_HUMAN');
    for (const spelling of ['eve', ' Eve ', 'ＥＶＥ']) expect(await codeOf(decide(human(spelling), approval.approval_id))).toBe('GOVERNANCE_SELF_APPROVAL_FORBIDDEN');
    for (const elsewhere of [other, { workspace_id: 'hr' }, { deployment_id: 'eu' }]) expect(await codeOf(decide(human('ada', elsewhere)))).toBe('GOVERNANCE_APPROVAL_NOT_FOUND');
    expect(world.types('governance_approval')).toEqual(['governance_approval_requested', 'governance_approval_requested']);
  });

  it('and a person who does not administer the workspace decides nothing about an agent, nor about limits', async () => {
    const world = new GovernanceWorld();
    const { approval } = valueOf(await world.request(human('eve'), { approval_type: 'spend_override', agent_id: 'bot', allowed_usd: 5 }));
    const bob = { ...human('bob'), memberships: { roles: ['developer'], groups: [] } };
    expect(await codeOf(decideApproval(world.app, bob, { approval_id: approval.approval_id, decision: 'approve' }))).toBe('AUTOMATION_V2_ACCESS_DENIED');
    expect(await codeOf(changeLimits(world.app, bob, { max_creations_per_day: 1000 }))).toBe('AUTOMATION_V2_ACCESS_DENIED');
    expect(await codeOf(changeAgent(world.app, bob, { agent_id: 'bot', authority_revoked: true }))).toBe('AUTOMATION_V2_ACCESS_DENIED');
    expect(world.denials()).toEqual([['change_limits', 'AUTOMATION_V2_ACCESS_DENIED'], ['change_agent', 'AUTOMATION_V2_ACCESS_DENIED']]);
  });
});

describe('grants single-use: a governance approval', () => {
  it('is decided once, however many decide at the same time', async () => {
    const world = new GovernanceWorld();
    const approval_id = await world.made();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => decideApproval(world.app, human(`p-${index}`), { approval_id, decision: index % 2 === 0 ? 'approve' : 'deny' })));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    const codes = new Set(answers.flatMap((answer) => (answer.ok ? [] : [answer.refusal.code])));
    expect([...codes]).toEqual(['GOVERNANCE_APPROVAL_NOT_PENDING']);
    expect(world.types('governance_approval')).toHaveLength(2);
  });

  it('has one winner also among decisions of one person that say the same at the same moment', async () => {
    const world = new GovernanceWorld();
    const approval_id = await world.made();
    const answers = await Promise.all(Array.from({ length: 10 }, () => decideApproval(world.app, human(), { approval_id, decision: 'approve' })));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });

  it('is used once, however many use it at the same time', async () => {
    const world = new GovernanceWorld();
    valueOf(await changeLimits(world.app, human(), { max_creations_per_day: 0 }));
    const { approval } = valueOf(await world.request(byBot(), { approval_type: 'quota_override', automation_id }));
    valueOf(await decideApproval(world.app, human(), { approval_id: approval.approval_id, decision: 'approve' }));
    const same = await Promise.all(Array.from({ length: 8 }, () => world.create(byBot(), { approval_id: approval.approval_id })));
    expect(same.every(({ ok }) => ok)).toBe(true);
    expect(await codeOf(world.create(byBot(), { id: 'payouts', approval_id: approval.approval_id }))).toBe('GOVERNANCE_APPROVAL_MISMATCH');
    expect([world.types('automation'), world.types('governed_agent')]).toEqual([['automation_created'], ['agent_automation_registered']]);
  });

  it('expires: it can be neither decided nor used after its time, and an activation is then asked for again', async () => {
    const world = new GovernanceWorld();
    const approval_id = await world.made();
    world.app.now += 72 * hour;
    expect(await codeOf(decideApproval(world.app, human(), { approval_id, decision: 'approve' }))).toBe('GOVERNANCE_APPROVAL_EXPIRED');
    valueOf(await world.request(byBot(), { approval_type: 'activation', automation_id }));
    await world.allow(approval_id);
    expect(valueOf(await readGovernance(world.app, human(), automation_id)).governance.hold).toBeUndefined();
    const { approval } = valueOf(await world.request(byBot(), { approval_type: 'launch', automation_id }));
    valueOf(await decideApproval(world.app, human(), { approval_id: approval.approval_id, decision: 'approve' }));
    world.app.now += 72 * hour;
    expect(await codeOf(launchGoverned(world.app, byBot(), { automation_id, approval_id: approval.approval_id }))).toBe('GOVERNANCE_APPROVAL_EXPIRED');
  });

  it('takes effect although the process died right after the decision, or between its effect and its use', async () => {
    const world = new GovernanceWorld();
    const approval_id = await world.made();
    valueOf(await decideApproval(world.app, human(), { approval_id, decision: 'approve' }));
    const append = world.app.store.append.bind(world.app.store);
    world.app.store.append = (ref, ...rest) => (ref.aggregate === 'governance_approval' ? Promise.reject(new Error('it died')) : append(ref, ...rest));
    await expect(world.followApproval(approval_id)).rejects.toThrow('it died');
    world.app.store.append = append;
    await world.followApproval(approval_id);
    await world.followApproval(approval_id);
    expect(world.types('automation')).toEqual(['automation_created', 'automation_definition_approved']);
    expect(world.types('governance_approval').at(-1)).toBe('governance_approval_consumed');
  });
});

describe('what an agent may create', () => {
  const many = (world: GovernanceWorld, count: number, of = {}) => Promise.all(Array.from({ length: count }, (_, index) => world.create(byBot(of), { id: `made-${index}` })));
  const codes = (answers: Awaited<ReturnType<typeof many>>): readonly string[] => answers.flatMap((answer) => (answer.ok ? [] : [answer.refusal.code]));

  it('is so many a day, also when it asks for all of them at once; every refusal is in the audit', async () => {
    const world = new GovernanceWorld();
    valueOf(await changeLimits(world.app, human(), { review_after_creations: 100, max_creations_per_day: 3 }));
    const refused = codes(await many(world, 12));
    expect(refused).toEqual(Array.from({ length: 9 }, () => 'AUTOMATION_V2_AGENT_DAILY_QUOTA_EXCEEDED'));
    expect([world.types('automation').length, world.denials().length]).toEqual([3, 9]);
    // Another tenant's agent of the same name is another one.
    expect(codes(await many(world, 3, other))).toEqual([]);
    world.app.now += 24 * hour;
    expect(codes(await many(world, 20)).length).toBe(14);
  });

  it('is nothing more after so many until a person has reviewed it', async () => {
    const world = new GovernanceWorld();
    expect(codes(await many(world, 5))).toEqual([]);
    expect(await codeOf(world.create(byBot(), { id: 'sixth' }))).toBe('AUTOMATION_V2_AGENT_REVIEW_REQUIRED');
    expect(await codeOf(reviewAgent(world.app, byBot(), { agent_id: 'bot' }))).toBe('GOVERNANCE_REQUIRES_HUMAN');
    valueOf(await reviewAgent(world.app, human(), { agent_id: 'bot' }));
    valueOf(await world.create(byBot(), { id: 'sixth' }));
  });

  it('is so many that exist: what it deletes, or never stored, takes no place', async () => {
    const world = new GovernanceWorld();
    valueOf(await changeLimits(world.app, human(), { max_active_automations: 1, review_after_creations: 100 }));
    await world.active();
    expect(await codeOf(world.create(byBot(), { id: 'second' }))).toBe('AUTOMATION_V2_AGENT_CAP_EXCEEDED');
    valueOf(await remove(world));
    const append = world.app.store.append.bind(world.app.store);
    world.app.store.append = (ref, ...rest) => (ref.aggregate === 'automation' ? Promise.reject(new Error('it died')) : append(ref, ...rest));
    await expect(world.create(byBot(), { id: 'second' })).rejects.toThrow('it died');
    world.app.store.append = append;
    expect(await codeOf(world.create(byBot(), { id: 'third' }))).toBe('AUTOMATION_V2_AGENT_CAP_EXCEEDED');
    valueOf(await world.create(byBot(), { id: 'second' }));
    valueOf(await governed(world.app, human(), { attempt: { action: 'delete', resource_kind: 'automation', resource_id: 'second' }, command: () => deleteAutomation(world.app, human(), { automation_id: 'second' }) }));
    // The process died before it gave the place back.
    world.app.now += 2 * 60_000;
    valueOf(await world.create(byBot(), { id: 'third' }));
    expect(Object.keys((await loadAgent(world.app, human().tenant, 'bot'))?.automations ?? {})).toEqual(['third']);
  });

  it('is nothing where it is not enabled, too far from a person, paused, revoked, quarantined, or without a name', async () => {
    const world = new GovernanceWorld();
    const limit = (change: Parameters<typeof changeLimits>[2]) => changeLimits(world.app, human(), change).then(valueOf);
    expect(await codeOf(world.create({ ...byBot(), ancestors: ['a', 'b', 'c', 'd'] }))).toBe('AUTOMATION_V2_LINEAGE_DEPTH_EXCEEDED');
    expect(await codeOf(world.create(byBot({}, { kind: 'agent' })))).toBe('AUTOMATION_V2_AGENT_ID_REQUIRED');
    valueOf(await changeAgent(world.app, human(), { agent_id: 'bot', creation_paused: true }));
    expect(await codeOf(world.create())).toBe('AUTOMATION_V2_AGENT_CREATION_PAUSED');
    await limit({ creation_enabled: false });
    expect(await codeOf(world.create())).toBe('AUTOMATION_V2_CREATION_DISABLED');
    valueOf(await world.create(human()));
    await limit({ quarantined: true });
    for (const by of [byBot(), human()]) expect(await codeOf(world.create(by, { id: 'next' }))).toBe('AUTOMATION_V2_TENANT_QUARANTINED');
    expect(await codeOf(patch(world, human()))).toBe('AUTOMATION_V2_TENANT_QUARANTINED');
    expect(await codeOf(changeLimits(world.app, byBot(), { quarantined: false }))).toBe('GOVERNANCE_REQUIRES_HUMAN');
    await limit({ quarantined: false });
    valueOf(await patch(world, human()));
  });
});

describe('what an agent may change', () => {
  it('is its own, and what it has a live grant for; never what is paused, retired or another\'s to delete', async () => {
    const world = new GovernanceWorld();
    await world.active();
    const stranger = byBot({}, { kind: 'agent', actor_id: 'other' });
    valueOf(await patch(world));
    expect([await codeOf(patch(world, stranger)), await codeOf(remove(world, stranger))]).toEqual(['AUTOMATION_V2_MODIFY_FORBIDDEN', 'AUTOMATION_V2_DELETE_NOT_OWNER']);
    valueOf(await addGrant(world.app, human(), { automation_id, kind: 'modify', agent_id: 'other', expires_at_ms: world.app.now + hour }));
    valueOf(await patch(world, stranger, 'Theirs'));
    expect(await codeOf(remove(world, stranger))).toBe('AUTOMATION_V2_DELETE_NOT_OWNER');
    world.app.now += hour;
    expect(await codeOf(patch(world, stranger, 'Late'))).toBe('AUTOMATION_V2_MODIFY_FORBIDDEN');
    valueOf(await pauseAutomation(world.app, human(), { automation_id }));
    expect(await codeOf(resumeAutomation(world.app, byBot(), { automation_id }))).toBe('AUTOMATION_V2_LIFECYCLE_PAUSED');
    valueOf(await retireAutomation(world.app, human(), { automation_id }));
    expect([await codeOf(patch(world, byBot(), 'Again')), await codeOf(remove(world))]).toEqual(['AUTOMATION_V2_RETIRED', 'AUTOMATION_V2_RETIRED']);
  });

  it('is decided with the change: what a person retires between the look and the change is not changed', async () => {
    const world = new GovernanceWorld();
    await world.active();
    const append = world.app.store.append.bind(world.app.store);
    world.app.store.append = async (ref, ...rest) => {
      // The definition is stored after the first look, and before the automation.
      if (ref.aggregate === 'definition') valueOf(await retireAutomation(world.app, human(), { automation_id }));
      return await append(ref, ...rest);
    };
    expect(await codeOf(patch(world))).toBe('AUTOMATION_V2_RETIRED');
    expect(world.types('automation').at(-1)).toBe('automation_retired');
  });
});

describe('spend pause isolated per tenant', () => {
  const capped = async (world: GovernanceWorld, of = {}) => {
    valueOf(await changeLimits(world.app, human('ada', of), { weekly_spend_cap_usd: 10 }));
    await world.active(of);
  };

  it('holds the runs of the agent that has used its week, of one tenant only, until a person lets it use more', async () => {
    const world = new GovernanceWorld();
    await capped(world);
    await capped(world, other);
    await world.spend(8);
    await world.spend(2);
    await world.spend(9.99, { of: other });
    expect(world.types('governed_agent').slice(-4)).toEqual(['agent_spend_recorded', 'agent_spend_warned', 'agent_spend_recorded', 'agent_spend_paused']);
    expect(world.types('governed_agent', other)).not.toContain('agent_spend_paused');
    const [held, free] = [await world.run(), await world.run(human('ada', other))];
    await world.execute(held);
    await world.execute(free);
    expect([await world.statusOf(held), await world.statusOf(free, other), world.sent.length]).toEqual(['held', 'completed', 1]);
    expect(await codeOf(world.create(byBot(), { id: 'next' }))).toBe('AUTOMATION_V2_AGENT_SPEND_CAP_EXCEEDED');
    const { approval } = valueOf(await world.request(byBot(), { approval_type: 'spend_override', allowed_usd: 20 }));
    await world.allow(approval.approval_id);
    expect(await world.release(held)).toBe(true);
    await world.execute(held);
    expect(await world.statusOf(held)).toBe('completed');
    await world.spend(9);
    expect(world.types('governed_agent').filter((type) => type === 'agent_spend_paused')).toHaveLength(1);
    await world.spend(1.5);
    expect(world.types('governed_agent').filter((type) => type === 'agent_spend_paused')).toHaveLength(2);
  });

  it('counts each usage once, however often and in whatever order it is reported, also all of it again', async () => {
    const world = new GovernanceWorld();
    await capped(world);
    const reports = Array.from({ length: 20 }, (_, index) => ({ event: `u-${index}`, position: 1000 + index }));
    for (const report of reports) await world.spend(0.01, report);
    for (const report of [...reports].reverse()) await world.spend(0.01, report);
    expect((await loadAgent(world.app, human().tenant, 'bot'))?.spend).toMatchObject({ week_usd: 0.2, lifetime_usd: 0.2, lifetime_tokens: 200 });
  });

  it('pauses nothing of a person, and a usage that costs nothing pauses nothing', async () => {
    const world = new GovernanceWorld();
    valueOf(await changeLimits(world.app, human(), { weekly_spend_cap_usd: 0 }));
    valueOf(await world.create(human()));
    await world.spend(5);
    expect(world.types('governed_agent')).toEqual([]);
  });
});
