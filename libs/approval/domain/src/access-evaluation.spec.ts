import type { ResourceRef, ScopedGrant, StrictTenantContext } from '@cs/contracts';
import { appliesTo, evaluateAccess, type AccessQuestion } from './access-evaluation.js';

const now = 1_767_225_600_000;
const resource = (change: Partial<ResourceRef> = {}): ResourceRef => ({
  organization_id: 'acme', workspace_id: 'finance', resource_kind: 'approval', resource_id: 'refund:approve', parent_path: [], ...change,
});
const workspace = (workspace_id: string): ResourceRef => resource({ workspace_id, resource_kind: 'workspace', resource_id: workspace_id });
const grant = (change: Partial<ScopedGrant> = {}): ScopedGrant => ({
  grant_id: 'g1', principal: { kind: 'human_user', id: 'ada' }, resource: workspace('finance'), effect: 'allow', permissions: ['read', 'admin'],
  data_classes: ['internal', 'financial_record'], tool_patterns: [], grant_source: 'direct', ...change,
});
const context = (grants: readonly ScopedGrant[], change: Partial<StrictTenantContext> = {}): StrictTenantContext => ({
  tenant: { org_id: 'acme', workspace_id: 'finance', source: 'explicit' }, principal: { kind: 'human_user', id: 'ada' }, authority_chain: { initiated_by: 'ada', executed_as: 'ada' },
  resource_scope: { root: resource({ workspace_id: '*', resource_kind: 'organization', resource_id: 'acme' }), allowed_resources: [], denied_resources: [] },
  grants, data_boundary: { allowed: [], denied: [] }, expires_at_ms: now + 60_000, ...change,
});
const question = (change: Partial<AccessQuestion> = {}): AccessQuestion => ({ resource: resource(), permission: 'admin', data_class: 'financial_record', at_ms: now, ...change });
const outcome = (strict: StrictTenantContext, change: Partial<AccessQuestion> = {}): string => {
  const { decision, reason } = evaluateAccess(strict, question(change));
  return `${decision} ${reason}`;
};

describe('access', () => {
  it('is denied to a junior, whose grants do not list the permission', () => {
    expect(outcome(context([grant({ permissions: ['view', 'read'] })]))).toBe('not_applicable no_matching_allow_grant');
  });

  it('is denied to a senior of another department', () => {
    expect(outcome(context([grant({ resource: resource({ workspace_id: 'legal', resource_kind: 'department', resource_id: 'legal' }) })]))).toBe('not_applicable no_matching_allow_grant');
  });

  it('is allowed to an owner on what is its own, and denied elsewhere', () => {
    const own = context([grant({ resource: resource() })]);
    expect(outcome(own)).toBe('allow matching_allow_grant');
    expect(outcome(own, { resource: resource({ resource_id: 'payroll:approve' }) })).toBe('not_applicable no_matching_allow_grant');
    expect(outcome(own, { resource: resource({ workspace_id: 'legal' }) })).toBe('not_applicable no_matching_allow_grant');
    expect(outcome(own, { resource: resource({ organization_id: 'other' }) })).toBe('not_applicable resource_outside_projected_scope');
  });

  it('is blocked by an override although a local grant allows it', () => {
    expect(outcome(context([grant(), grant({ grant_id: 'g2', effect: 'deny' })]))).toBe('deny matching_deny_grant');
    expect(evaluateAccess(context([grant(), grant({ grant_id: 'g2', effect: 'deny' })]), question()).grant_id).toBe('g2');
  });

  it('by a temporary share ends at its time, not after it', () => {
    const shared = context([grant({ expires_at_ms: now })]);
    expect(outcome(shared, { at_ms: now - 1 })).toBe('allow matching_allow_grant');
    expect(outcome(shared)).toBe('not_applicable no_matching_allow_grant');
  });

  it.each<[string, Partial<StrictTenantContext>, string]>([
    ['an expired context', { expires_at_ms: now }, 'deny context_expired'],
    ['a denied data class, even when it is also allowed', { data_boundary: { allowed: ['financial_record'], denied: ['financial_record'] } }, 'deny data_class_denied_by_boundary'],
    ['a data class that is not among the allowed ones', { data_boundary: { allowed: ['internal'], denied: [] } }, 'deny data_class_denied_by_boundary'],
    ['a resource that the scope denies', { resource_scope: { root: resource({ resource_kind: 'organization', resource_id: 'acme' }), allowed_resources: [], denied_resources: [resource()] } }, 'deny resource_explicitly_denied_by_scope'],
    ['a resource outside the scope', { resource_scope: { root: workspace('legal'), allowed_resources: [], denied_resources: [] } }, 'not_applicable resource_outside_projected_scope'],
    ['a resource that the scope allows beside its root', { resource_scope: { root: workspace('legal'), allowed_resources: [workspace('finance')], denied_resources: [] } }, 'allow matching_allow_grant'],
  ])('judges %s', (_what, change, expected) => {
    expect(outcome(context([grant()], change))).toBe(expected);
  });

  it('is nothing without listed permissions or data classes', () => {
    expect(outcome(context([grant({ permissions: [] })]))).toBe('not_applicable no_matching_allow_grant');
    expect(outcome(context([grant({ data_classes: [] })]))).toBe('not_applicable no_matching_allow_grant');
  });
});

describe('what is granted on a resource', () => {
  const project = resource({ resource_kind: 'project', resource_id: 'p1' });
  const folder = resource({ resource_kind: 'directory', resource_id: 'd1', path_prefix: '/doc' });
  const file = (path_prefix: string): ResourceRef => resource({ resource_kind: 'file', resource_id: 'f1', path_prefix });
  it.each<[string, readonly [ResourceRef, ResourceRef], boolean]>([
    ['an organisation, whatever its workspace', [resource({ workspace_id: '*', resource_kind: 'organization', resource_id: ' ACME ' }), resource()], true],
    ['every workspace', [resource({ workspace_id: '*', resource_kind: 'workspace', resource_id: '*' }), resource()], true],
    ['another workspace', [workspace('legal'), resource()], false],
    ['a project, for what is in it', [project, resource({ project_id: 'P1' })], true],
    ['a project, for what is not', [project, resource({ project_id: 'p2' })], false],
    ['a folder, for a file below', [folder, file('/doc/a.txt')], true],
    ['a folder, for its namesake with more letters', [folder, file('/docs-secret/a.txt')], false],
    ['a folder, for something without a path', [folder, resource()], false],
    ['the same thing without a path, for all of it', [resource({ resource_kind: 'file', resource_id: 'f1' }), file('/doc/a.txt')], true],
    ['a thing of another project', [resource({ project_id: 'p1' }), resource({ project_id: 'p2' })], false],
  ])('%s', (_what, [granted, target], expected) => {
    expect(appliesTo(granted, target)).toBe(expected);
  });
});
