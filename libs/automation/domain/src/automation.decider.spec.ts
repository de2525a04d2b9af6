import type { AutomationEvent, TenantContext } from '@cs/contracts';
import { automationStatus, decideAutomation, evolveAutomation, holdsRuns, liveAutomation, type AutomationState, type StoreAutomation } from './automation.decider.js';
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

const paused = (hash: string): StoreAutomation['stored'] => ({ ...stored(hash), status: 'paused' });
const then = (state: AutomationState, ...events: readonly AutomationEvent[]): AutomationState =>
  events.reduce<AutomationState>((folded, event) => evolveAutomation(folded, { ...event, recorded_at_ms: now + 1 }), state);

describe('pausing, resuming, sharing and deleting an automation', () => {
  it('pauses with the reason, once: its runs are held from then on', () => {
    const pause = { type: 'pause', stored: paused('h2'), reason: 'audit' } as const;
    expect(decideAutomation(pause, after('h1'))).toEqual({ kind: 'accepted', events: [{ event_type: 'automation_paused', data: { ...paused('h2'), reason: 'audit' } }] });
    const state = then(after('h1'), { event_type: 'automation_paused', data: { ...paused('h2'), reason: 'audit' } });
    expect(decideAutomation(pause, state)).toEqual({ kind: 'accepted', events: [] });
    expect([automationStatus(state), holdsRuns(automationStatus(state))]).toEqual(['paused', true]);
  });

  it('resumes what is paused, and changes nothing of what is active', () => {
    const state = then(after('h1'), { event_type: 'automation_paused', data: { ...paused('h2'), reason: 'audit' } });
    expect(decideAutomation({ type: 'resume', stored: stored('h1') }, state)).toEqual({ kind: 'accepted', events: [{ event_type: 'automation_resumed', data: stored('h1') }] });
    expect(decideAutomation({ type: 'resume', stored: stored('h1') }, after('h1'))).toEqual({ kind: 'accepted', events: [] });
    expect(holdsRuns(automationStatus(then(state, { event_type: 'automation_resumed', data: stored('h1') })))).toBe(false);
  });

  it('shares with whom it says', () => {
    const share = { type: 'share', stored: stored('h2'), visibility: 'group', audience_principals: [{ kind: 'organization_unit', id: 'finance' }] } as const;
    expect(decideAutomation(share, after('h1'))).toEqual({
      kind: 'accepted', events: [{ event_type: 'automation_shared', data: { ...stored('h2'), visibility: 'group', audience_principals: share.audience_principals } }],
    });
  });

  it('deletes once: then it is not there for anybody, and its id may be used again, with nothing of what was there', () => {
    const state = then(after('h1'), { event_type: 'automation_deleted', data: stored('h1') });
    expect(decideAutomation({ type: 'delete', stored: stored('h1'), replaces: 'h1' }, after('h1'))).toEqual({ kind: 'accepted', events: [{ event_type: 'automation_deleted', data: stored('h1') }] });
    expect(liveAutomation(state, undefined)).toBeUndefined();
    for (const command of [{ type: 'delete' }, { type: 'update' }, { type: 'resume' }, { type: 'pause', reason: 'x' }] as const) {
      expect(decideAutomation({ ...command, stored: stored('h2') }, state)).toMatchObject(refusedWith('AUTOMATION_V2_NOT_FOUND'));
    }
    expect(decideAutomation({ type: 'create', stored: stored('h1') }, state)).toEqual({ kind: 'accepted', events: [{ event_type: 'automation_created', data: stored('h1') }] });
    expect(then(state, { event_type: 'automation_created', data: stored('h9') })).toMatchObject({ created_at_ms: now + 1, versions: [{ hash: 'h9' }] });
  });

  it('keeps the runs of an automation held that was deleted while it was paused', () => {
    const state = then(after('h1'), { event_type: 'automation_paused', data: { ...paused('h2'), reason: 'x' } }, { event_type: 'automation_deleted', data: paused('h2') });
    expect(automationStatus(state)).toBe('deleted_paused');
    expect([automationStatus(state), automationStatus(then(after('h1'), { event_type: 'automation_deleted', data: stored('h1') }))].map(holdsRuns)).toEqual([true, false]);
  });

  it('is refused when it was made from an older definition, or for what is not there', () => {
    for (const command of [{ type: 'delete' }, { type: 'resume' }, { type: 'pause', reason: 'x' }, { type: 'share', visibility: 'org', audience_principals: [] }] as const) {
      expect(decideAutomation({ ...command, stored: stored('h3'), replaces: 'h1' }, after('h2'))).toMatchObject(refusedWith('CONCURRENT_CHANGE'));
      expect(decideAutomation({ ...command, stored: stored('h3') }, undefined)).toMatchObject(refusedWith('AUTOMATION_V2_NOT_FOUND'));
      expect(decideAutomation({ ...command, stored: stored('h3') }, after('h2', elsewhere))).toMatchObject(refusedWith('AUTOMATION_V2_NOT_FOUND'));
    }
  });
});
