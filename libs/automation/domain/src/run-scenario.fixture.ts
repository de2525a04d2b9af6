import { automationDefinitionSchema, type AutomationDefinition, type FlowNode, type RunCheckpoint, type RunEvent } from '@cs/contracts';
import type { Decision } from '@cs/kernel';
import type { RunCommand } from './run.commands.js';
import { decideRun, type RunRefusal } from './run.decider.js';
import { evolveRun } from './run-evolution.js';
import type { RunState } from './run.state.js';

/** Every scenario happens at this time. */
export const now = 1_000_000;

/** A node with what a test says of it; the rest is filled in. */
export type NodeInput = Partial<FlowNode> & Pick<FlowNode, 'node_id'>;

/** Nodes as a definition has them; `extra` replaces members. */
export const nodes = {
  transform: (node_id: string, depends_on: readonly string[] = [], extra: Partial<FlowNode> = {}): NodeInput => ({
    node_id, depends_on: [...depends_on], action: { kind: 'transform', expression: '1' }, ...extra,
  }),
  http: (node_id: string, depends_on: readonly string[] = [], extra: Partial<FlowNode> = {}): NodeInput => ({
    node_id, depends_on: [...depends_on], action: { kind: 'http', method: 'POST', url: `http://peer/${node_id}` }, ...extra,
  }),
  timer: (node_id: string, depends_on: readonly string[] = [], extra: Partial<FlowNode> = {}): NodeInput => ({
    node_id, depends_on: [...depends_on], wait: { kind: 'timer', delay_ms: 1000 }, ...extra,
  }),
  gate: (node_id: string, depends_on: readonly string[] = [], gate: Partial<NonNullable<FlowNode['gate']>> = {}): NodeInput => ({
    node_id, depends_on: [...depends_on], gate: { required: true, decisions: [], rework_targets: [], ...gate },
  }),
};

export const definitionOf = (...flow: readonly NodeInput[]): AutomationDefinition =>
  automationDefinitionSchema.parse({ automation_id: 'refunds', name: 'Refunds', flow: { nodes: flow.map((node) => ({ objective: `do ${node.node_id}`, ...node })) } });

export const foldEvents = (events: readonly RunEvent[], state: RunState = undefined): RunState =>
  events.reduce<RunState>((folded, event) => evolveRun(folded, { ...event, recorded_at_ms: now }), state);

class Outcome {
  readonly #before: RunState;
  readonly #decision: Decision<RunEvent, RunRefusal>;

  constructor(before: RunState, decision: Decision<RunEvent, RunRefusal>) {
    this.#before = before;
    this.#decision = decision;
  }

  /** Exactly these events, and nothing else. */
  then(events: readonly RunEvent[]): this {
    expect(this.#decision).toEqual({ kind: 'accepted', events });
    return this;
  }

  thenNothing(): void {
    this.then([]);
  }

  thenTypes(...types: readonly RunEvent['event_type'][]): this {
    expect(this.#decision).toMatchObject({ kind: 'accepted' });
    expect(this.#accepted().map(({ event_type }) => event_type)).toEqual(types);
    return this;
  }

  thenRefused(code: RunRefusal['code'], details?: object): void {
    expect(this.#decision).toMatchObject({ kind: 'refused', refusal: { code, ...(details === undefined ? {} : { details }) } });
  }

  /** Adds the accepted events to those of a later scenario. */
  collect(events: RunEvent[]): this {
    events.push(...this.#accepted());
    return this;
  }

  /** The run as it is after the accepted events. */
  thenRun(expected: object): this {
    expect(foldEvents(this.#accepted(), this.#before)).toMatchObject(expected);
    return this;
  }

  /** These members of the checkpoint, each exactly so. */
  thenCheckpoint(expected: Partial<RunCheckpoint>): this {
    const checkpoint = foldEvents(this.#accepted(), this.#before)?.checkpoint;
    expect(Object.fromEntries(Object.entries(checkpoint ?? {}).filter(([member]) => member in expected))).toEqual(expected);
    return this;
  }

  #accepted(): readonly RunEvent[] {
    return this.#decision.kind === 'accepted' ? this.#decision.events : [];
  }
}

/** `given` what happened, `when` a command comes, `then` these events or this refusal. */
export const scenario = (definition: AutomationDefinition) => ({
  given: (...history: readonly (RunEvent | readonly RunEvent[])[]) => ({
    when: (command: RunCommand, at_ms = now): Outcome => {
      const state = foldEvents(history.flat());
      return new Outcome(state, decideRun(command, state, { at_ms, definition }));
    },
    run: (): RunState => foldEvents(history.flat()),
  }),
});
