import type { Json } from '@cs/kernel';
import { parse as parseYaml } from 'yaml';
import { ada, automation, callBy, InMemoryApplication, nodes, problemsOf, refusalOf, valueOf } from './in-memory-application.fixture.js';
import { createAutomation, patchAutomation, readDefinition } from './store-automation.command-handler.js';

const { http, transform, gate, timer } = nodes;
const sound = automation([http('look_up'), gate('sign', ['look_up']), transform('end', '1', ['sign'])]);
const create = (raw: Json) => createAutomation(new InMemoryApplication(), callBy(), raw);
const problemsIn = async (flow: readonly Json[], extra: Record<string, Json> = {}) => problemsOf(await create(automation(flow, extra)));

describe('a definition that a client wrote', () => {
  const yaml = `
automationId: refund-order
name: Refund an order
status: active
inputSchema: { type: object, required: [orderId], properties: { orderId: { type: string } } }
flow:
  nodes:
    - nodeId: look_up
      objective: Look up the order
      timeoutMs: 5000
      action: { kind: http, method: GET, url: "http://peer/orders/{{ input.orderId }}", headers: { xTraceId: a } }
    - nodeId: approve
      objective: "Refund {{ nodes.look_up.output.body.amount }}"
      dependsOn: [look_up]
      stageKind: approval
      gate: { required: true, decisions: [approve, rework, cancel], reworkTargets: [look_up] }
      riskTier: money_movement_contract
      metadata: { builderTitle: Keep }
`;
  const snake = {
    automation_id: 'refund-order', name: 'Refund an order', status: 'active',
    input_schema: { type: 'object', required: ['orderId'], properties: { orderId: { type: 'string' } } },
    flow: {
      nodes: [
        { node_id: 'look_up', objective: 'Look up the order', timeout_ms: 5000, action: { kind: 'http', method: 'GET', url: 'http://peer/orders/{{ input.orderId }}', headers: { xTraceId: 'a' } } },
        {
          node_id: 'approve', objective: 'Refund {{ nodes.look_up.output.body.amount }}', depends_on: ['look_up'], stage_kind: 'approval', risk_tier: 'money_movement_contract',
          gate: { required: true, decisions: ['approve', 'rework', 'cancel'], rework_targets: ['look_up'] }, metadata: { builderTitle: 'Keep' },
        },
      ],
    },
  };
  const { evaluator } = new InMemoryApplication();

  it('is the same in YAML and JSON, in camelCase and snake_case; what belongs to the author keeps its spelling', () => {
    const read = valueOf(readDefinition(parseYaml(yaml) as Json, evaluator));
    expect(read).toEqual(valueOf(readDefinition(snake, evaluator)));
    expect(read.flow.nodes[1]?.metadata).toEqual({ builderTitle: 'Keep' });
    expect(read.input_schema).toMatchObject({ required: ['orderId'] });
  });

  it('has its defaults filled in', () => {
    const read = valueOf(readDefinition({ automation_id: 'a', name: 'a', flow: { nodes: [transform('t', '1')] } }, evaluator));
    expect(read).toMatchObject({ status: 'draft', schedule: { type: 'manual', timezone: 'UTC' }, agents: [], flow: { nodes: [{ depends_on: [] }] } });
  });
});

describe('a bad definition is refused with the place and code of every problem', () => {
  it.each<[string, Json, readonly (readonly [string, string])[]]>([
    ['no object', 'text', [['', 'invalid_type']]],
    ['null', null, [['', 'invalid_type']]],
    ['missing members', { automation_id: 'a' }, [['name', 'invalid_type'], ['flow', 'invalid_type']]],
    ['no nodes', automation([]), [['flow.nodes', 'too_small']]],
    ['an id that is no token', automation([transform('a', '1')], { automation_id: 'a.b' }), [['automation_id', 'invalid_format']]],
    ['unknown members', automation([{ node_id: 'a', objective: 'a', actoin: {}, action: { kind: 'transform', expression: '1', tiemout: 1 } }], { flwo: 1 }), [['flow.nodes[0].action.tiemout', 'unknown_member'], ['flow.nodes[0].actoin', 'unknown_member'], ['flwo', 'unknown_member']]],
    ['both spellings of a member', automation([{ node_id: 'a', nodeId: 'b', objective: 'a', action: { kind: 'transform', expression: '1' } }]), [['flow.nodes[0].nodeId', 'unknown_member']]],
    ['an action of another release', automation([{ node_id: 'a', objective: 'a', action: { kind: 'telepathy' } }]), [['flow.nodes[0].action.kind', 'invalid_union']]],
    ['a negative delay', automation([timer('a', -1)]), [['flow.nodes[0].wait.delay_ms', 'timer_delay_invalid']]],
    ['an agent without an id', automation([transform('a', '1')], { agents: [{}] }), [['agents[0].agent_id', 'invalid_type']]],
  ])('%s', async (_name, raw, expected) => {
    expect(problemsOf(await create(raw))).toEqual(expected);
  });

  it('in its graph', async () => {
    expect(await problemsIn([transform('a', '1', ['b']), transform('b', '1', ['a'])])).toEqual([['flow.nodes', 'flow_cycle']]);
    expect(await problemsIn([transform('a', '1', ['x']), transform('a', '1')])).toEqual([['flow.nodes[1].node_id', 'node_id_duplicate'], ['flow.nodes[0].depends_on[0]', 'depends_on_unknown_node']]);
  });

  it('in its expressions, wherever they are', async () => {
    const flow = [
      http('a', { url: 'http://{{ ( }}', body: { deep: ['{{ 1 + }}', '{{ never ends'] }, headers: { ok: '{{ input.x }}' } }), transform('b', '1 +'),
      gate('c', [], { objective: '{{ ) }}', gate: { required: true, instructions: 'see {{ [ }}' } }), { node_id: 'd', objective: '{{ ) }}', stage_kind: 'approval' },
      { node_id: 'e', objective: 'not shown {{', wait: { kind: 'timer', wake_at: '{{ } }}' } },
    ];
    expect(await problemsIn(flow)).toEqual([
      ['flow.nodes[0].action.url', 'expression_invalid'], ['flow.nodes[0].action.body.deep[0]', 'expression_invalid'], ['flow.nodes[0].action.body.deep[1]', 'expression_invalid'], ['flow.nodes[1].action.expression', 'expression_invalid'],
      ['flow.nodes[2].objective', 'expression_invalid'], ['flow.nodes[2].gate.instructions', 'expression_invalid'], ['flow.nodes[3].objective', 'expression_invalid'], ['flow.nodes[4].wait.wake_at', 'expression_invalid'],
    ]);
  });

  it.each<[string, Json]>([['no schema', { type: 'strnig' }], ['a reference to elsewhere', { $ref: 'https://example.com/schema' }], ['an asynchronous schema', { $async: true, type: 'object' }]])('in its input schema: %s', async (_name, input_schema) => {
    expect(await problemsIn([transform('a', '1')], { input_schema })).toEqual([['input_schema', 'schema_invalid']]);
  });

  it('and nothing of it is stored', async () => {
    const app = new InMemoryApplication();
    expect(refusalOf(await createAutomation(app, callBy(), automation([]))).code).toBe('AUTOMATION_V2_INVALID');
    expect(app.store.all()).toEqual([]);
  });
});

describe('creating an automation', () => {
  it('stores its definition before the automation that refers to it', async () => {
    const app = new InMemoryApplication();
    const { automation: stored, position } = valueOf(await createAutomation(app, callBy(), sound));
    expect(app.store.all().map(({ ref }) => ref.aggregate)).toEqual(['definition', 'automation']);
    expect([position, stored.created_at_ms, stored.definition_version]).toEqual([2, app.now, `automation:refunds@${stored.definition_hash.slice(7, 23)}`]);
    expect(await app.definitions.get(callBy().tenant, stored.definition_hash)).toMatchObject({ automation_id: 'refunds' });
  });

  it('changes nothing when it comes again, and refuses another definition under the same id', async () => {
    const app = new InMemoryApplication();
    const first = valueOf(await createAutomation(app, callBy(), sound));
    expect(valueOf(await createAutomation(app, callBy(), sound))).toEqual(first);
    expect(app.store.all()).toHaveLength(2);
    expect(refusalOf(await createAutomation(app, callBy(), { ...sound, name: 'Other' }))).toMatchObject({ code: 'AUTOMATION_V2_ALREADY_EXISTS', details: { automationID: 'refunds' } });
  });

  it('has the version that its metadata declare', async () => {
    expect(valueOf(await create({ ...sound, metadata: { definition_version: ' 7 ' } })).automation.definition_version).toBe('7');
  });

  it('happens once when many ask at the same time', async () => {
    const app = new InMemoryApplication();
    const all = await Promise.all(Array.from({ length: 20 }, () => createAutomation(app, callBy(), sound)));
    expect(all.every(({ ok }) => ok)).toBe(true);
    expect(app.commits('automation')).toEqual(['automation_created']);
  });
});

describe('patching an automation', () => {
  const stored = async () => {
    const app = new InMemoryApplication();
    await createAutomation(app, callBy(), sound);
    return app;
  };
  const patch = (app: InMemoryApplication, change: Json, context = callBy()) => patchAutomation(app, context, { automation_id: 'refunds', patch: change });

  it('replaces the members it has, in either spelling, and keeps the others', async () => {
    const app = await stored();
    app.now += 10;
    const { automation: changed } = valueOf(await patch(app, { status: 'paused', inputSchema: { type: 'object' } }));
    expect(changed).toMatchObject({ status: 'paused', input_schema: { type: 'object' }, name: 'Refunds', updated_at_ms: app.now, created_at_ms: app.now - 10 });
    expect(app.commits('automation')).toEqual(['automation_created', 'automation_updated']);
  });

  it('removes the members that are null in it, but none that a definition needs', async () => {
    const app = await stored();
    valueOf(await patch(app, { description: 'described', execution: { max_total_tokens: 5 } }));
    const { automation: changed } = valueOf(await patch(app, { description: null, agents: null }));
    expect(changed).toMatchObject({ execution: { max_total_tokens: 5 }, agents: [] });
    expect(changed).not.toHaveProperty('description');
    expect(problemsOf(await patch(app, { name: null }))).toEqual([['name', 'invalid_type']]);
  });

  it('adds up with the patches of others at the same time', async () => {
    const app = await stored();
    const results = await Promise.all([patch(app, { name: 'Renamed' }), patch(app, { status: 'paused' }), patch(app, { description: 'described' })]);
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(valueOf(await patch(app, {})).automation).toMatchObject({ name: 'Renamed', status: 'paused', description: 'described' });
  });

  it('is checked as a whole', async () => {
    const app = await stored();
    expect(problemsOf(await patch(app, { flow: { nodes: [http('a', { url: '{{ ( }}' })] } }))).toEqual([['flow.nodes[0].action.url', 'expression_invalid']]);
    expect(problemsOf(await patch(app, { automation_id: 'other' }))).toEqual([['automation_id', 'immutable']]);
    expect(problemsOf(await patch(app, { created_at_ms: 1 }))).toEqual([['created_at_ms', 'unknown_member']]);
    expect(problemsOf(await patch(app, [1]))).toEqual([['', 'invalid_type']]);
  });

  it('answers the same for an id that nobody has and one that another tenant has', async () => {
    const app = await stored();
    const refusal = { code: 'AUTOMATION_V2_NOT_FOUND', message: 'there is no automation "refunds"', details: { automationID: 'refunds' } };
    for (const where of [{ org_id: 'other' }, { workspace_id: 'other' }, { deployment_id: 'eu' }]) expect(refusalOf(await patch(app, { name: 'x' }, callBy(ada, where)))).toEqual(refusal);
    expect(refusalOf(await patch(new InMemoryApplication(), { name: 'x' }))).toEqual(refusal);
    // Nor does a bad patch tell what there is to patch.
    expect(refusalOf(await patch(app, { automation_id: 'other' }, callBy(ada, { deployment_id: 'eu' })))).toEqual(refusal);
    expect(app.commits('automation')).toEqual(['automation_created']);
  });
});
