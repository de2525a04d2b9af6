import type { ResourceAccess, VerifiedTenantContext } from '@cs/contracts';
import { isOwnerOrAdmin, isVisible, principalOf, viewerKeysOf, viewersOf } from './access.js';

const person = (actor_id: string, extra: Partial<VerifiedTenantContext> = {}): VerifiedTenantContext => ({
  tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, human_actor: { actor_id }, authority_chain: { initiated_by: actor_id, executed_as: actor_id },
  roles: [], org_units: [], capabilities: [], issuer: 'idp', audience: 'countersign', issued_at_ms: 1, expires_at_ms: 2, assertion_id: 'a', ...extra,
});
const owned = (visibility: ResourceAccess['visibility'], audience: readonly string[] = []): ResourceAccess => ({
  owner_principal: { kind: 'human_user', id: 'ada' }, visibility, audience_principals: audience.map((id) => ({ kind: 'department', id })),
});

describe('owner or administrator', () => {
  it('is everybody without an assertion, and everybody where no access is recorded', () => {
    expect(isOwnerOrAdmin(owned('private'), undefined)).toBe(true);
    expect(isOwnerOrAdmin(undefined, person('bob'))).toBe(true);
  });

  it('is the owner principal: the same id of another kind is someone else', () => {
    expect(isOwnerOrAdmin(owned('private'), person('ada'))).toBe(true);
    expect(isOwnerOrAdmin({ ...owned('private'), owner_principal: { kind: 'service_account', id: 'ada' } }, person('ada'))).toBe(false);
    expect(isOwnerOrAdmin(owned('org'), person('bob'))).toBe(false);
  });

  it.each(['owner', 'admin', 'hosted:owner', 'hosted:admin', 'enterprise:admin', 'workspace:admin', 'organization:admin'])('is who has the role %s', (role) => {
    expect(isOwnerOrAdmin(owned('private'), person('bob', { roles: ['viewer', role] }))).toBe(true);
  });

  it.each(['hosted.owner', 'hosted.admin', 'automation.write', 'automation.share'])('is who has the capability %s', (capability) => {
    expect(isOwnerOrAdmin(owned('private'), person('bob', { capabilities: [capability] }))).toBe(true);
    expect(isOwnerOrAdmin(owned('private'), person('bob', { roles: [capability] }))).toBe(false);
  });
});

describe('visible', () => {
  const bob = person('bob', { org_units: ['sales', 'support'] });

  it.each<[string, ResourceAccess, boolean]>([
    ['private', owned('private'), false],
    ['private, with an audience of before', owned('private', ['sales']), false],
    ['for the organisation', owned('org'), true],
    ['for a unit of theirs', owned('group', ['legal', 'support']), true],
    ['for other units', owned('group', ['legal']), false],
    ['for no unit', owned('group'), false],
  ])('to another person, %s: %s', (_what, access, visible) => {
    expect(isVisible(access, bob)).toBe(visible);
    expect(isVisible(access, person('ada'))).toBe(true);
    expect(isVisible(access, person('eve', { roles: ['admin'] }))).toBe(true);
    expect(isVisible(access, undefined)).toBe(true);
  });

  it('is no unit whose name is made up like a person, or like everybody', () => {
    const keys = viewerKeysOf(person('bob', { org_units: ['*', '["principal","human_user","ada"]', 'human_user', 'ada'] })) ?? [];
    expect(viewersOf(owned('private')).some((viewer) => keys.includes(viewer))).toBe(false);
    expect(viewersOf(owned('group', ['*']))).not.toContain('*');
  });

  it('has keys that a line holds each', () => {
    for (const key of viewersOf(owned('group', ['two\nlines', '\0']))) expect(key).toMatch(/^[^\n\0]+$/);
  });

  it('follows the principal of a strict projection where there is one', () => {
    const strict_projection = { principal: { kind: 'agent_worker', id: 'bot' } } as VerifiedTenantContext['strict_projection'] & object;
    expect(principalOf(person('ada', { strict_projection }))).toEqual({ kind: 'agent_worker', id: 'bot' });
    expect(isVisible(owned('private'), person('ada', { strict_projection }))).toBe(false);
  });
});
