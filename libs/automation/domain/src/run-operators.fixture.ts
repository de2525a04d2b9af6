import fc from 'fast-check';
import { flowGraph } from './flow-graph.js';
import { happening, pick } from './happening.fixture.js';
import { createdData } from './run-history.fixture.js';
import type { RunWorld } from './run-world.fixture.js';
import type { OperatorCommandOfRun, TargetDefinition } from './operator.commands.js';

/** Some callers repeat a command under its key, some use the key again for something else. */
const keys = fc.option(fc.record({ command_id: fc.constantFrom('o1', 'o2', 'o3'), fingerprint: fc.constantFrom('same', 'other') }, { noNullPrototype: true }), { nil: undefined });
type Key = { readonly command_id: string; readonly fingerprint: string } | undefined;
const by = (command: Key): { readonly command?: NonNullable<Key> } => (command === undefined ? {} : { command });

const nodeAt = (world: RunWorld, index: number): string => pick(world.definition.flow.nodes, index)?.node_id ?? '';

const target = ({ definition }: RunWorld): TargetDefinition => {
  const { workflow_definition_snapshot_hash: hash, workflow_definition_version: version } = createdData(definition);
  return { definition, hash, version };
};
const onlyReset = { prompt_updated: false, template_updated: false, model_policy_updated: false, reset_only: true };

const onRun = (...types: readonly ('pause_run' | 'request_pause' | 'settle_pause' | 'resume_run' | 'cancel_run' | 'recover_run')[]) =>
  types.map((type) => happening<RunWorld, Key>(type, keys, (world, key) => void world.operate({ type, ...by(key) } as OperatorCommandOfRun)));

const onNode = (name: string, commandOf: (node_id: string, world: RunWorld) => OperatorCommandOfRun) =>
  happening<RunWorld, { node: number; key: Key }>(name, fc.record({ node: fc.nat(9), key: keys }), (world, { node, key }) => {
    world.operate({ ...commandOf(nodeAt(world, node), world), ...by(key) } as OperatorCommandOfRun);
  });

/** An effect whose outcome nobody knows: of a node, or of an item of its list. */
const unknowns = ({ run, definition }: RunWorld): readonly { readonly node_id: string; readonly item?: number }[] =>
  [...flowGraph(definition).nodes.keys()].flatMap((node_id) => {
    const items = Object.entries(run.checkpoint.fan_outs?.[node_id]?.unsuccessful ?? {}).filter(([, { status }]) => status === 'blocked');
    if (items.length > 0) return items.map(([item]) => ({ node_id, item: Number(item) }));
    return run.checkpoint.node_outputs[node_id]?.status === 'blocked' ? [{ node_id }] : [];
  });

/** What operators do, to any run at any time. */
export const operators: readonly fc.Arbitrary<fc.Command<object, RunWorld>>[] = [
  ...onRun('pause_run', 'request_pause', 'settle_pause', 'resume_run', 'cancel_run', 'recover_run', 'pause_run', 'resume_run', 'recover_run'),
  onNode('retry_task', (node_id, world) => ({ type: 'retry_task', node_id, target: target(world) })),
  onNode('requeue_task', (node_id, world) => ({ type: 'requeue_task', node_id, target: target(world) })),
  onNode('repair_run', (node_id, world) => ({ type: 'repair_run', node_id, target: target(world), step: onlyReset })),
  onNode('continue_task', (node_id) => ({ type: 'continue_task', node_id })),
  onNode('set_disposition', (node_id) => ({ type: 'set_disposition', node_id, disposition: 'accepted' })),
  happening<RunWorld, { at: number; outcome: 'succeeded' | 'failed' | 'retry'; key: Key }>(
    'reconcile', fc.record({ at: fc.nat(5), outcome: fc.constantFrom('succeeded', 'failed', 'retry'), key: keys }),
    (world, { at, outcome, key }) => {
      const work = pick(unknowns(world), at);
      if (work !== undefined) world.operate({ type: 'reconcile_effect', ...work, outcome, ...by(key) });
    },
  ),
];
