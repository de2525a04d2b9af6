import type { TenantContext } from '@cs/contracts';
import { decideAutomation, evolveAutomation, type AutomationState, type StoreAutomation } from './automation.decider.js';
import { ada } from './run-history.fixture.js';
import { now } from './run-scenario.fixture.js';

const tenant: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' };
const stored = (definition_hash: string, tenant_context = tenant): StoreAutomation['stored'] => ({
  automation_id: 'refunds', tenant_context, name: 'Refunds', status: 'active', definition_version: 'v', definition_hash, changed_by: ada,
});
const after = (hash: string, tenant_context = tenant): AutomationState => evolveAutomation(undefined, { event_type: 'automation_created', data: stored(hash, tenant_context), recorded_at_ms: now });
const refusedWith = (code: string) => ({ kind: 'refused', refusal: { code, details: { automationID: 'refunds' } } });
const elsewhere: TenantContext = { ...tenant, deployment_id: 'eu' };

describe('storing an automation', () => {
  it('creates what is not there', () => {
    expect(decideAutomation({ type: 'create', stored: stored('h1') }, undefined)).toEqual({ kind: 'accepted', events: [{ event_type: 'automation_created', data: stored('h1') }] });
  });

  it('changes nothing when the same definition is there, however it is asked', () => {
    for (const type of ['create', 'update'] as const) expect(decideAutomation({ type, stored: stored('h1') }, after('h1'))).toEqual({ kind: 'accepted', events: [] });
  });

  it('refuses to create over another definition', () => {
    expect(decideAutomation({ type: 'create', stored: stored('h2') }, after('h1'))).toMatchObject(refusedWith('AUTOMATION_V2_ALREADY_EXISTS'));
  });

  it('updates what is there, and refuses what is not', () => {
    expect(decideAutomation({ type: 'update', stored: stored('h2') }, after('h1'))).toEqual({ kind: 'accepted', events: [{ event_type: 'automation_updated', data: stored('h2') }] });
    expect(decideAutomation({ type: 'update', stored: stored('h2') }, undefined)).toMatchObject(refusedWith('AUTOMATION_V2_NOT_FOUND'));
  });

  it('refuses an update that was made from an older definition', () => {
    expect(decideAutomation({ type: 'update', stored: stored('h3'), replaces: 'h1' }, after('h2'))).toMatchObject(refusedWith('CONCURRENT_CHANGE'));
    expect(decideAutomation({ type: 'update', stored: stored('h3'), replaces: 'h2' }, after('h2'))).toMatchObject({ kind: 'accepted' });
  });

  it('keeps the deployments of a workspace apart: the other one is not found, but its id is taken', () => {
    const other = after('h1', elsewhere);
    expect(decideAutomation({ type: 'update', stored: stored('h1') }, other)).toMatchObject(refusedWith('AUTOMATION_V2_NOT_FOUND'));
    expect(decideAutomation({ type: 'create', stored: stored('h1') }, other)).toMatchObject(refusedWith('AUTOMATION_V2_ALREADY_EXISTS'));
  });

  it('keeps the time of its creation', () => {
    expect(evolveAutomation(after('h1'), { event_type: 'automation_updated', data: stored('h2'), recorded_at_ms: now + 9 })).toMatchObject({ created_at_ms: now, updated_at_ms: now + 9, definition_hash: 'h2' });
  });
});
