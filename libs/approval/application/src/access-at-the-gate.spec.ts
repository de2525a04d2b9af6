import type { CallContext, DataClass, ResourceRef, ScopedGrant, StrictTenantContext, VerifiedTenantContext } from '@cs/contracts';
import { callBy, person, refusalOf, tenant, WaitingRun, type WaitingOptions } from './decide-gate.fixture.js';

const ref = (change: Partial<ResourceRef> = {}): ResourceRef => ({ organization_id: 'acme', workspace_id: 'ops', resource_kind: 'workspace', resource_id: 'ops', parent_path: [], ...change });
const department = (id: string): ResourceRef => ref({ resource_kind: 'department', resource_id: id, workspace_id: id });
const organization = ref({ workspace_id: '*', resource_kind: 'organization', resource_id: 'acme' });
const grant = (change: Partial<ScopedGrant> = {}): ScopedGrant => ({
  grant_id: 'g1', principal: { kind: 'human_user', id: 'bob' }, resource: ref(), effect: 'allow', permissions: ['admin'], data_classes: ['financial_record'], tool_patterns: [], grant_source: 'direct', ...change,
});

/** Somebody with a verified assertion that carries grants. */
const bearer = (actor_id: string, grants: readonly ScopedGrant[], change: Partial<StrictTenantContext> & { readonly roles?: readonly string[] } = {}): CallContext => {
  const { roles = ['workspace:admin'], ...strict } = change;
  const authority_chain = { initiated_by: actor_id, executed_as: actor_id };
  const verified: VerifiedTenantContext = {
    tenant_context: tenant, human_actor: { actor_id }, authority_chain, roles, org_units: [], capabilities: [], issuer: 'idp', audience: 'countersign', issued_at_ms: 0, expires_at_ms: 9_000_000, assertion_id: 'a1',
    strict_projection: {
      tenant, principal: { kind: 'human_user', id: actor_id }, authority_chain, resource_scope: { root: organization, allowed_resources: [], denied_resources: [] }, grants,
      data_boundary: { allowed: [], denied: [] }, expires_at_ms: 9_000_000, ...strict,
    },
  };
  return { ...callBy(person(actor_id, 'assertion')), verified };
};

/** A gate over financial records that only elevated reviewers decide. */
const guarded: WaitingOptions = { node: { data_classes: ['financial_record'], metadata: { reviewer_eligibility: 'elevated_reviewer' } } };
const outcome = async (context: CallContext, { options = guarded, at_ms, decision = 'approve' }: { options?: WaitingOptions; at_ms?: number; decision?: string } = {}): Promise<string> => {
  const waiting = await WaitingRun.at(options);
  if (at_ms !== undefined) waiting.now = at_ms;
  const result = await waiting.decide({ decision }, context);
  if (result.ok) return 'allowed';
  const { code, details } = refusalOf(result);
  return [code.replace('AUTOMATION_V2_', '').replace('GATE_REVIEWER_AUTHORITY_', ''), details?.['reason_code']].filter((word) => word !== undefined).join(' ');
};

describe('access at a gate, through the service', () => {
  it('Access: junior denied: to view and read is not to decide', async () => {
    expect(await outcome(bearer('bob', [grant({ permissions: ['view', 'read', 'edit', 'execute'] })]))).toBe('DENIED no_matching_allow_grant');
    expect(await outcome(bearer('bob', []))).toBe('DENIED no_matching_allow_grant');
    expect(await outcome({ ...bearer('bob', []), verified: undefined })).toBe('REQUIRED');
  });

  it('Access: senior of another department denied', async () => {
    expect(await outcome(bearer('bob', [grant({ resource: department('legal') })]))).toBe('DENIED no_matching_allow_grant');
    expect(await outcome(bearer('bob', [grant({ resource: department('ops') })]))).toBe('allowed');
  });

  it('Access: owner allowed on own and denied elsewhere', async () => {
    const own = grant({ resource: ref({ resource_kind: 'approval', resource_id: 'refunds:sign' }) });
    expect(await outcome(bearer('bob', [own]))).toBe('allowed');
    expect(await outcome(bearer('bob', [grant({ resource: ref({ resource_kind: 'approval', resource_id: 'payroll:sign' }) })]))).toBe('DENIED no_matching_allow_grant');
    expect(await outcome(bearer('bob', [grant({ resource: ref({ workspace_id: 'other', resource_id: 'other' }) })]))).toBe('DENIED no_matching_allow_grant');
  });

  it('Access: owner of the automation decides, others of the tenant do not, and do not see it while it is private', async () => {
    const owned = (visibility: string): WaitingOptions => ({ metadata: { resource_access: { owner_principal: { kind: 'human_user', id: 'bob' }, visibility } } });
    expect(await outcome(bearer('bob', [], { roles: [] }), { options: owned('private') })).toBe('allowed');
    expect(await outcome(bearer('cyd', [], { roles: [] }), { options: owned('private') })).toBe('RUN_NOT_FOUND');
    expect(await outcome(bearer('cyd', [], { roles: [] }), { options: owned('org') })).toBe('ACCESS_DENIED');
    expect(await outcome(bearer('cyd', [], { roles: ['organization:admin'] }), { options: owned('private') })).toBe('allowed');
  });

  it('Access: override blocks a local allow', async () => {
    expect(await outcome(bearer('bob', [grant(), grant({ grant_id: 'g2', effect: 'deny', resource: organization })]))).toBe('DENIED matching_deny_grant');
    expect(await outcome(bearer('bob', [grant()], { resource_scope: { root: organization, allowed_resources: [], denied_resources: [ref({ resource_kind: 'approval', resource_id: 'refunds:sign' })] } }))).toBe('DENIED resource_explicitly_denied_by_scope');
  });

  it('Access: temporary share expires closed: the last moment before its time counts, its time does not', async () => {
    const shared = bearer('bob', [grant({ grant_source: 'delegation', expires_at_ms: 2_000_000 })]);
    expect(await outcome(shared, { at_ms: 1_999_999 })).toBe('allowed');
    expect(await outcome(shared, { at_ms: 2_000_000 })).toBe('DENIED no_matching_allow_grant');
  });

  it.each<[DataClass, string]>([['financial_record', 'allowed'], ['internal', 'DENIED no_matching_allow_grant'], ['restricted', 'DENIED no_matching_allow_grant']])('Access: data-class grants count for their class only: %s', async (data_class, expected) => {
    expect(await outcome(bearer('bob', [grant({ data_classes: [data_class] })]))).toBe(expected);
  });

  it('Access: a data boundary loses no denied class to a grant, and without an allowed list admits all others', async () => {
    expect(await outcome(bearer('bob', [grant()], { data_boundary: { allowed: ['financial_record'], denied: ['financial_record'] } }))).toBe('DENIED data_class_denied_by_boundary');
    expect(await outcome(bearer('bob', [grant()], { data_boundary: { allowed: ['internal'], denied: [] } }))).toBe('DENIED data_class_denied_by_boundary');
    expect(await outcome(bearer('bob', [grant()], { data_boundary: { allowed: [], denied: ['internal'] } }))).toBe('allowed');
  });

  it('Access: an expired context and a scope elsewhere give nothing', async () => {
    expect(await outcome(bearer('bob', [grant()], { expires_at_ms: 1_000_000 }))).toBe('DENIED context_expired');
    expect(await outcome(bearer('bob', [grant()], { resource_scope: { root: department('legal'), allowed_resources: [], denied_resources: [] } }))).toBe('DENIED resource_outside_projected_scope');
  });

  it('Access: every decision of a guarded gate needs the grant, not only an approval', async () => {
    for (const decision of ['approve', 'rework', 'cancel']) expect(await outcome(bearer('bob', []), { decision })).toBe('DENIED no_matching_allow_grant');
  });

  it('Access: a path covers what is below it and not its namesake with more letters', async () => {
    const at = (path_prefix: string): WaitingOptions => ({ node: { data_classes: ['financial_record'], metadata: { reviewer_eligibility: 'elevated_reviewer', resource: { resource_kind: 'file', resource_id: 'f', path_prefix } } } });
    const folder = bearer('bob', [grant({ resource: ref({ resource_kind: 'directory', resource_id: 'd', path_prefix: '/doc' }) })]);
    expect(await outcome(folder, { options: at('/doc/refunds') })).toBe('allowed');
    expect(await outcome(folder, { options: at('/docs-secret/refunds') })).toBe('DENIED no_matching_allow_grant');
  });

  it('Access: a stand-in needs grants of their own, whatever the person was granted', async () => {
    const named = { ...guarded, gate: { approvers: [{ kind: 'person' as const, id: 'bob' }] } };
    const waiting = await WaitingRun.at(named);
    await waiting.delegate({ stand_in: 'dan' }, bearer('bob', [grant()]));
    expect(refusalOf(await waiting.decide({ on_behalf_of: 'bob' }, bearer('dan', []))).code).toBe('AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_DENIED');
    expect((await waiting.decide({ on_behalf_of: 'bob' }, bearer('dan', [grant({ principal: { kind: 'human_user', id: 'dan' } })]))).ok).toBe(true);
  });

  it('Access: the owner\'s stand-in decides a private automation, also too late or again; nobody else sees it', async () => {
    const metadata = { resource_access: { owner_principal: { kind: 'human_user', id: 'bob' }, visibility: 'private' } };
    const waiting = await WaitingRun.at({ metadata });
    const [dan, eve] = [bearer('dan', [], { roles: [] }), bearer('eve', [], { roles: [] })];
    await waiting.delegate({ stand_in: 'dan' }, bearer('bob', [], { roles: [] }));
    await waiting.delegate({ stand_in: 'cyd' }, bearer('bob', [], { roles: [] }));
    waiting.now += 10;
    for (const on_behalf_of of ['bob', 'dan']) expect(refusalOf(await waiting.decide({ on_behalf_of }, eve)).code).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
    expect(await waiting.decide({ command_id: 'k' }, dan)).toMatchObject({ ok: true, value: { run: { checkpoint: { gate_history: [{ on_behalf_of: { person: 'bob' } }] } } } });
    expect((await waiting.decide({ command_id: 'k' }, dan)).ok).toBe(true);
    expect(refusalOf(await waiting.decide({}, bearer('cyd', [], { roles: [] }))).code).toBe('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL');
    expect(refusalOf(await waiting.decide({}, eve)).code).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
  });

  it('Access: who decided once as a stand-in decides nothing more after the end, though they are answered', async () => {
    const metadata = { resource_access: { owner_principal: { kind: 'human_user', id: 'bob' }, visibility: 'private' } };
    const waiting = await WaitingRun.at({ metadata });
    const [bob, dan] = [bearer('bob', [], { roles: [] }), bearer('dan', [], { roles: [] })];
    const set = await waiting.delegate({ stand_in: 'dan' }, bob);
    await waiting.decide({ decision: 'rework', command_id: 'k' }, dan);
    await waiting.end(set.ok ? set.value.delegation.delegation_id : '', bob);
    await waiting.reachGate();
    expect((await waiting.decide({ decision: 'rework', command_id: 'k' }, dan)).ok).toBe(true);
    for (const on_behalf_of of ['bob', undefined]) expect((await waiting.decide({ ...(on_behalf_of === undefined ? {} : { on_behalf_of }) }, dan)).ok).toBe(false);
    expect([(await waiting.load()).status, waiting.decisions()]).toEqual(['awaiting_approval', 1]);
  });
});
