import type { CallContext, VerifiedTenantContext } from '@cs/contracts';
import { ada, automation, callBy, InMemoryApplication, nodes, refusalOf, valueOf } from './in-memory-application.fixture.js';
import { deleteAutomation, pauseAutomation, resumeAutomation, shareAutomation } from './operate-automation.command-handler.js';
import { createAutomation, patchAutomation } from './store-automation.command-handler.js';

const automation_id = 'refunds';
const finance = [{ kind: 'organization_unit', id: 'finance' }] as const;

/** A caller that an assertion vouches for. */
const verified = (actor_id: string, extra: Partial<VerifiedTenantContext> = {}): CallContext => {
  const call = callBy({ kind: 'human', actor_id });
  return {
    ...call,
    verified: {
      tenant_context: call.tenant, human_actor: { actor_id }, authority_chain: { initiated_by: actor_id, executed_as: actor_id }, roles: [], org_units: [], capabilities: [],
      issuer: 'idp', audience: 'countersign', issued_at_ms: 0, expires_at_ms: 9_000_000, assertion_id: `a-${actor_id}`, ...extra,
    },
  };
};

/** An automation that a verified caller created: it is hers, and private. */
const created = async () => {
  const app = new InMemoryApplication();
  valueOf(await createAutomation(app, verified('ada'), automation([nodes.transform('end', '1')])));
  const rename = (by: CallContext, name = 'R') => patchAutomation(app, by, { automation_id, patch: { name } });
  const share = (by: CallContext, visibility: string, audience_principals?: typeof finance) => shareAutomation(app, by, { automation_id, visibility, audience_principals });
  return { app, rename, share };
};
const accessIn = (result: Awaited<ReturnType<typeof shareAutomation>>): unknown => valueOf(result).automation.metadata?.['resource_access'];

describe('sharing an automation', () => {
  it('shows it to a group, which may not change it; for all others it is not there', async () => {
    const { share, rename } = await created();
    const colleague = verified('bob', { org_units: ['finance'] });
    expect(refusalOf(await rename(colleague)).code).toBe('AUTOMATION_V2_NOT_FOUND');
    expect(accessIn(await share(verified('ada'), 'group', finance))).toMatchObject({ owner_principal: { kind: 'human_user', id: 'ada' }, visibility: 'group', audience_principals: finance, updated_by: { actor_id: 'ada' } });
    expect(refusalOf(await rename(colleague)).code).toBe('AUTOMATION_V2_ACCESS_DENIED');
    expect(refusalOf(await rename(verified('eve', { org_units: ['sales'] }))).code).toBe('AUTOMATION_V2_NOT_FOUND');
  });

  it('keeps owner and audience when only the visibility is said, and does nothing the second time', async () => {
    const { share, app } = await created();
    await share(verified('ada'), 'group', finance);
    expect(accessIn(await share(verified('root', { roles: ['admin'] }), ' org '))).toMatchObject({ owner_principal: { id: 'ada' }, visibility: 'org', audience_principals: finance, updated_by: { actor_id: 'root' } });
    await share(verified('root', { roles: ['admin'] }), 'org');
    expect(app.commits('automation')).toEqual(['automation_created', 'automation_shared', 'automation_shared']);
  });

  it('is for the owner and administrators, in words that are known, and never for agents', async () => {
    const { share } = await created();
    expect(refusalOf(await share(verified('bob'), 'org')).code).toBe('AUTOMATION_V2_NOT_FOUND');
    expect(refusalOf(await share(verified('ada'), 'public'))).toMatchObject({ code: 'AUTOMATION_V2_INVALID_VISIBILITY', details: { automationID: automation_id } });
    expect(refusalOf(await share({ ...verified('ada'), actor: { kind: 'agent', actor_id: 'ada' } }, 'org')).code).toBe('AUTOMATION_V2_ACCESS_DENIED');
    expect(valueOf(await share(verified('root', { capabilities: ['automation.share'] }), 'org')).automation).toMatchObject({ metadata: { resource_access: { visibility: 'org' } } });
  });
});

describe('pausing, resuming and deleting an automation', () => {
  it('says the reason once, or its own', async () => {
    const { app } = await created();
    expect(valueOf(await pauseAutomation(app, verified('ada'), { automation_id, reason: '  ' })).automation.status).toBe('paused');
    const [, paused] = app.store.all().filter(({ ref }) => ref.aggregate === 'automation');
    expect(paused?.commit.events).toMatchObject([{ event_type: 'automation_paused', data: { reason: 'paused by operator' }, actor: { actor_id: 'ada' } }]);
    await pauseAutomation(app, verified('ada'), { automation_id, reason: 'again' });
    expect(app.commits('automation')).toHaveLength(2);
    expect(valueOf(await resumeAutomation(app, verified('ada'), { automation_id })).automation.status).toBe('active');
  });

  it('adds up with what others change at the same time', async () => {
    const { app, rename } = await created();
    await Promise.all([pauseAutomation(app, verified('ada'), { automation_id }), rename(verified('ada'), 'Renamed'), shareAutomation(app, verified('ada'), { automation_id, visibility: 'org' })]);
    expect(valueOf(await rename(verified('ada'), 'Renamed')).automation).toMatchObject({ status: 'paused', name: 'Renamed', metadata: { resource_access: { visibility: 'org' } } });
  });

  it('is for the owner and administrators; another tenant finds nothing', async () => {
    const { app } = await created();
    for (const operate of [pauseAutomation, resumeAutomation, deleteAutomation]) {
      expect(refusalOf(await operate(app, verified('bob'), { automation_id })).code).toBe('AUTOMATION_V2_NOT_FOUND');
      expect(refusalOf(await operate(app, callBy(ada, { workspace_id: 'other' }), { automation_id })).code).toBe('AUTOMATION_V2_NOT_FOUND');
    }
    expect(app.commits('automation')).toEqual(['automation_created']);
  });

  it('leaves nothing of a deleted one but its id', async () => {
    const { app } = await created();
    valueOf(await deleteAutomation(app, verified('ada'), { automation_id }));
    expect(refusalOf(await deleteAutomation(app, verified('ada'), { automation_id })).code).toBe('AUTOMATION_V2_NOT_FOUND');
    expect(valueOf(await createAutomation(app, verified('bob'), automation([nodes.transform('other', '2')]))).automation.metadata).toMatchObject({ resource_access: { owner_principal: { id: 'bob' } } });
  });
});
