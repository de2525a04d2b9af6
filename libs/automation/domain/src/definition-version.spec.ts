import type { AutomationDefinition, AutomationVersion } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { evolveAutomation, type AutomationState } from './automation.decider.js';
import { findVersion, maxVersions } from './automation-versions.js';
import { definitionVersion } from './definition-version.js';
import { ada } from './run-history.fixture.js';
import { definitionOf, nodes } from './run-scenario.fixture.js';

const hash = `sha256:${'0123456789abcdef'.repeat(4)}`;
const versionWith = (metadata: Record<string, Json>): string => definitionVersion({ ...definitionOf(nodes.transform('a')), metadata } satisfies AutomationDefinition, hash);

describe('the version of a definition', () => {
  it('is the first of its names that is not blank, as text', () => {
    const keys = ['definition_version', 'workflow_definition_version', 'automation_definition_version', 'automation_version', 'source_pack_version'];
    for (const [index, key] of keys.entries()) {
      const later = Object.fromEntries(keys.slice(index + 1).map((name) => [name, 'later']));
      const blank = Object.fromEntries(keys.slice(0, index).map((name) => [name, '  ']));
      expect(versionWith({ ...blank, [key]: ' 1.2 ', ...later })).toBe('1.2');
    }
    expect([7, 0, true, false].map((value) => versionWith({ automation_version: value }))).toEqual(['7', '0', 'true', 'false']);
    expect(versionWith({ definition_version: { no: 'text' }, source_pack_version: 'p' })).toBe('p');
  });

  it('is the revision of its plan when it has no name', () => {
    expect(versionWith({ plan_package: { plan_id: 'p1', plan_revision: 3 } })).toBe('plan:p1:rev:3');
    expect(versionWith({ approved_plan_materialization: { plan_id: 'p2', plan_revision: '4' } })).toBe('plan:p2:rev:4');
    expect(versionWith({ definition_version: 'v', plan_package: { plan_id: 'p1', plan_revision: 3 } })).toBe('v');
  });

  it('is made from the hash when there is neither', () => {
    for (const metadata of [{}, { plan_package: { plan_id: 'p1' } }, { plan_package: 'p1' }]) expect(versionWith(metadata)).toBe('automation:refunds@0123456789abcdef');
  });
});

describe('the versions of an automation', () => {
  const stored = (state: AutomationState, definition_version: string, number: number): AutomationState =>
    evolveAutomation(state, {
      event_type: state === undefined ? 'automation_created' : 'automation_updated', recorded_at_ms: number,
      data: { automation_id: 'a', tenant_context: { org_id: 'o', workspace_id: 'w', source: 'explicit' }, name: 'a', status: 'active', definition_version, definition_hash: `sha256:${number}`, changed_by: ada },
    });

  it('are kept with hash and time, newest last, and no more than can be carried with the state', () => {
    let state: AutomationState;
    for (let number = 1; number <= maxVersions + 5; number += 1) state = stored(state, `v${number}`, number);
    const versions: readonly AutomationVersion[] = state?.versions ?? [];
    expect(versions).toHaveLength(maxVersions);
    expect(versions.at(-1)).toEqual({ version: `v${maxVersions + 5}`, hash: `sha256:${maxVersions + 5}`, stored_at_ms: maxVersions + 5 });
    expect(findVersion(versions, 'v5')).toBeUndefined();
    expect(findVersion(versions, 'v6')?.hash).toBe('sha256:6');
  });

  it('mean the newest definition of a name that was used twice', () => {
    const state = stored(stored(stored(undefined, 'v1', 1), 'v2', 2), 'v1', 3);
    expect(findVersion(state?.versions ?? [], 'v1')).toMatchObject({ hash: 'sha256:3' });
  });
});
