import { describe, expect, it } from '@jest/globals';
import type { AutomationDefinition } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { scopeKeysOf, scopeOf, wantedScopeKeys } from './definition-scope.js';

type Node = Pick<AutomationDefinition['flow']['nodes'][number], 'risk_tier' | 'data_classes'>;
const definition = (enterprise_scope: Json | undefined, ...nodes: readonly Node[]): Pick<AutomationDefinition, 'flow' | 'metadata'> => ({
  flow: { nodes: nodes.map((node, index) => ({ node_id: `n${index}`, objective: 'x', depends_on: [], ...node })) }, metadata: enterprise_scope === undefined ? {} : { enterprise_scope },
});

describe('the scope of a definition', () => {
  it('is what the definition says, with the data classes of its nodes and the gravest of their tiers', () => {
    const given = { owning_org_unit_id: 'finance', owner_principal: { kind: 'human_user', id: 'ada' }, data_classes: ['regulated'], policy_version_id: 'p7', delegation_grant_ids: ['g1', 'g2'], source_binding_id: 'b1' };
    expect(scopeOf(definition(given, { risk_tier: 'external_send', data_classes: ['customer_data'] }, { risk_tier: 'money_movement_contract', data_classes: ['regulated'] }, { risk_tier: 'made_up' }))).toEqual({
      ...given, resource_scope: null, data_classes: ['customer_data', 'regulated'], risk_tier: 'money_movement_contract',
    });
    expect(scopeOf(definition({ risk_tier: 'internal_write' }, { risk_tier: 'destructive_delete' })).risk_tier).toBe('internal_write');
  });

  it('given what cannot be read, has none of that', () => {
    const nothing = { owning_org_unit_id: null, owner_principal: null, resource_scope: null, data_classes: [], risk_tier: null, policy_version_id: null, delegation_grant_ids: [], source_binding_id: null };
    for (const given of [undefined, null, 7, [], 'text', { owner_principal: 'ada', data_classes: 'x', risk_tier: {}, delegation_grant_ids: [1], owning_org_unit_id: '' }]) expect(scopeOf(definition(given))).toEqual(nothing);
  });

  it('is found by each of its members, and by the root of its resource', () => {
    const found = definition({ resource_scope: { root: { resource_kind: 'repository', resource_id: 'r' } }, delegation_grant_ids: ['g1', 'g2'], risk_tier: 'internal_write' }, { risk_tier: 'external_send', data_classes: ['regulated'] });
    const isFound = (filter: Parameters<typeof wantedScopeKeys>[0]) => wantedScopeKeys(filter).every((key) => scopeKeysOf(found).includes(key));
    for (const filter of [{ resource_kind: 'repository', resource_id: 'r' }, { delegation_grant_id: 'g2' }, { data_class: 'regulated' }, { risk_tier: 'internal_write' }, { risk_tier: 'external_send' }]) expect([filter, isFound(filter)]).toEqual([filter, true]);
    for (const filter of [{ resource_id: 'repository' }, { delegation_grant_id: 'g' }, { data_class: 'regulated', risk_tier: 'none' }]) expect([filter, isFound(filter)]).toEqual([filter, false]);
    expect(wantedScopeKeys({})).toEqual([]);
    expect(scopeKeysOf(definition({ resource_scope: { resource_kind: 'two\nlines' } }))).toEqual(['["resource_kind","two\\nlines"]']);
  });
});
