import { loadAggregate } from '@cs/eventing';
import { findVersion } from '@cs/automation-domain';
import { automationAggregate } from './automation.aggregate.js';
import { automation, callBy, InMemoryApplication, nodes, problemsOf, valueOf } from './in-memory-application.fixture.js';
import { createAutomation, patchAutomation } from './store-automation.command-handler.js';

const { transform } = nodes;
const sound = automation([transform('a', '1')]);
const ref = { org_id: 'acme', workspace_id: 'ops', aggregate: 'automation', id: 'refunds' } as const;
const load = async (app: InMemoryApplication) => (await loadAggregate({ store: app.store, aggregate: automationAggregate }, ref)).state;

describe('the identity of a definition', () => {
  it('has nothing to do with the order of its members, or with where its editor finds the schema', async () => {
    const app = new InMemoryApplication();
    const { automation: first } = valueOf(await createAutomation(app, callBy(), sound));
    const shuffled = Object.fromEntries(Object.entries({ ...sound, $schema: '../schemas/automation.json' }).reverse());
    const { automation: second } = valueOf(await createAutomation(app, callBy(), shuffled));
    expect(second.definition_hash).toBe(first.definition_hash);
    expect(second).not.toHaveProperty('$schema');
    expect(app.commits('automation')).toEqual(['automation_created']);
  });

  it('keeps every version by name, hash and time, newest last, for those who start runs of one', async () => {
    const app = new InMemoryApplication();
    const { automation: first } = valueOf(await createAutomation(app, callBy(), { ...sound, metadata: { definition_version: 'v1' } }));
    app.now += 1000;
    const { automation: second } = valueOf(await patchAutomation(app, callBy(), { automation_id: 'refunds', patch: { metadata: { definition_version: 'v2' } } }));
    const versions = (await load(app))?.versions ?? [];
    expect(versions).toEqual([
      { version: 'v1', hash: first.definition_hash, stored_at_ms: 1_000_000 }, { version: 'v2', hash: second.definition_hash, stored_at_ms: 1_001_000 },
    ]);
    expect(findVersion(versions, 'v1')?.hash).toBe(first.definition_hash);
  });

  it('knows the present version of an automation that a release without versions stored', async () => {
    const { automation: stored } = valueOf(await createAutomation(new InMemoryApplication(), callBy(), sound));
    const { tenant_context, definition_version, definition_hash } = stored;
    const old = { automation_id: 'refunds', tenant_context, name: 'Refunds', status: 'active', definition_version, definition_hash, changed_by: { kind: 'human' }, created_at_ms: 5, updated_at_ms: 7 };
    expect(automationAggregate.readState(JSON.parse(JSON.stringify(old)))?.versions).toEqual([{ version: definition_version, hash: definition_hash, stored_at_ms: 7 }]);
  });
});

describe('creation and patch', () => {
  it('reject relative workspace roots', async () => {
    const app = new InMemoryApplication();
    expect(problemsOf(await createAutomation(app, callBy(), { ...sound, workspace_root: 'srv/refunds' }))).toEqual([['workspace_root', 'workspace_root_not_absolute']]);
    valueOf(await createAutomation(app, callBy(), { ...sound, workspace_root: '/srv/refunds/' }));
    expect(problemsOf(await patchAutomation(app, callBy(), { automation_id: 'refunds', patch: { workspace_root: '../refunds' } }))).toEqual([['workspace_root', 'workspace_root_not_absolute']]);
    expect(valueOf(await patchAutomation(app, callBy(), { automation_id: 'refunds', patch: { workspaceRoot: '/srv/./x' } })).automation.workspace_root).toBe('/srv/x');
  });

  it('reject an output schema that is no JSON Schema', async () => {
    const flow = [{ node_id: 'a', objective: 'a', action: { kind: 'transform', expression: '1' }, output_contract: { kind: 'x', schema: { type: 'strnig' } } }];
    expect(problemsOf(await createAutomation(new InMemoryApplication(), callBy(), automation(flow)))).toEqual([['flow.nodes[0].output_contract.schema', 'schema_invalid']]);
  });
});
