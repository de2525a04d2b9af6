import { createHash } from 'node:crypto';
import { definitionHash, DefinitionLibrary, runAggregate } from '@cs/automation-application';
import { decideRun } from '@cs/automation-domain';
import { automationDefinitionSchema, type AutomationDefinitionInput, type CallContext, type FlowNode, type GovernanceActor, type Run, type TenantContext } from '@cs/contracts';
import { executeCommand, InMemoryEventStore, loadAggregate, type Eventing, type ProjectionProgress } from '@cs/eventing';
import type { JsonObject, Position, Refusal, Result } from '@cs/kernel';
import { endDelegation, setDelegation } from './delegate.command-handlers.js';
import { decideGate, type DecideGateOptions, type GateDecisionRequest } from './decide-gate.command-handler.js';

export const tenant: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' };
export const person = (actor_id: string, source = 'api_key'): GovernanceActor => ({ kind: 'human', actor_id, source });
export const ada = person('ada');
export const callBy = (actor: GovernanceActor, where: Partial<TenantContext> = {}): CallContext => ({ tenant: { ...tenant, ...where }, actor, correlation_id: 'call-1' });

const nodes: AutomationDefinitionInput['flow']['nodes'] = [
  { node_id: 'look_up', objective: 'Look up', action: { kind: 'transform', expression: '1' } },
  { node_id: 'sign', objective: 'Pay?', depends_on: ['look_up'], gate: { required: true, rework_targets: ['look_up'] } },
  { node_id: 'pay', objective: 'Pay', depends_on: ['sign'], action: { kind: 'http', method: 'POST', url: 'http://peer/pay' } },
];

/** The archive, as far as a test lets it come. */
class Archive implements ProjectionProgress {
  reached: number = Number.MAX_SAFE_INTEGER;
  readonly asked: { readonly position: Position; readonly timeoutMs: number }[] = [];

  waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    this.asked.push({ position, timeoutMs });
    return Promise.resolve(position <= this.reached);
  }
}

export interface WaitingOptions {
  /** '' for none. */
  readonly risk_tier?: string;
  readonly requested_by?: GovernanceActor;
  readonly deployment_id?: string;
  readonly gate?: Partial<NonNullable<FlowNode['gate']>>;
  /** Other members of the gate's node. */
  readonly node?: Pick<Partial<FlowNode>, 'data_classes' | 'metadata'>;
  /** Of the automation. */
  readonly metadata?: JsonObject;
}

/** A run that waits at its gate, over the log in memory. */
export class WaitingRun {
  readonly store = new InMemoryEventStore();
  readonly archive = new Archive();
  readonly run_id = 'automation-v2-run-1';
  now = 1_000_000;
  #ids = 0;
  readonly eventing: Eventing = { store: this.store, clock: () => this.now, digest: (text) => createHash('sha256').update(text).digest('hex') };
  readonly definitions = new DefinitionLibrary(this.eventing);
  readonly options: DecideGateOptions = { eventing: this.eventing, definitions: this.definitions, progress: this.archive, newId: () => `refusal-${(this.#ids += 1)}`, archiveTimeoutMs: 750 };
  readonly #ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: this.run_id } as const;
  readonly #definition;

  private constructor({ risk_tier, gate, node: extra, metadata }: Required<Pick<WaitingOptions, 'risk_tier' | 'gate' | 'node' | 'metadata'>>) {
    const sign = (node: (typeof nodes)[number]) => ({ ...node, ...(risk_tier === '' ? {} : { risk_tier }), ...extra, gate: { ...node.gate, ...gate } });
    this.#definition = automationDefinitionSchema.parse({ automation_id: 'refunds', name: 'Refunds', metadata, flow: { nodes: nodes.map((node) => (node.node_id === 'sign' ? sign(node) : node)) } });
  }

  static async at({ risk_tier = 'internal_write', requested_by = ada, deployment_id, gate = {}, node = {}, metadata = {} }: WaitingOptions = {}): Promise<WaitingRun> {
    const waiting = new WaitingRun({ risk_tier, gate, node, metadata });
    await waiting.definitions.store(tenant, waiting.#definition);
    await waiting.#execute({
      type: 'request_run',
      created: {
        run_id: waiting.run_id, automation_id: 'refunds', tenant_context: { ...tenant, ...(deployment_id === undefined ? {} : { deployment_id }) }, trigger_type: 'manual', requested_by, input: {}, workflow_definition_version: 'v1',
        workflow_definition_snapshot_hash: definitionHash(waiting.eventing.digest, waiting.#definition), effective_execution_profile: 'guided', node_ids: nodes.map(({ node_id }) => node_id),
      },
    });
    await waiting.reachGate();
    return waiting;
  }

  /** Does what a runner does until the gate is open. */
  async reachGate(): Promise<void> {
    const claim = { claim_id: 'claim', claimant_id: 'runner-1', claimed_at_ms: this.now, lease_expires_at_ms: this.now + 1 };
    await this.#execute({ type: 'claim', claim, queued_version: (await this.load()).version });
    await this.#execute({ type: 'start_node', node_id: 'look_up' });
    await this.#execute({ type: 'finish_node', node_id: 'look_up', attempt: 1, result: { kind: 'succeeded', contract_kind: 'transform', content: 1 } });
    await this.#execute({ type: 'open_gate', node_id: 'sign', title: 'Pay?' });
  }

  decide(change: Partial<GateDecisionRequest> = {}, context: CallContext = callBy(person('bob'))) {
    return decideGate(this.options, context, { run_id: this.run_id, decision: 'approve', ...change });
  }

  /** Names a stand-in from now on for a minute, unless said otherwise. */
  delegate(change: Partial<Parameters<typeof setDelegation>[2]> & { readonly stand_in: string }, context: CallContext) {
    return setDelegation(this.options, context, { until_ms: this.now + 60_000, reason: 'on leave', scope: {}, ...change });
  }

  end(delegation_id: string, context: CallContext) {
    return endDelegation(this.options, context, { delegation_id });
  }

  async load(): Promise<Run> {
    const { state } = await loadAggregate({ store: this.store, aggregate: runAggregate }, this.#ref);
    if (state === undefined) throw new Error('no run');
    return state;
  }

  /** Everything that was recorded of refused decisions. */
  refusals(): readonly { readonly data: unknown; readonly actor: unknown }[] {
    return this.store.all().filter(({ ref }) => ref.aggregate === 'gate_refusal').flatMap(({ commit }) => commit.events.map(({ data, actor }) => ({ data, actor })));
  }

  decisions(): number {
    return this.store.all().flatMap(({ commit }) => commit.events).filter(({ event_type }) => event_type === 'approval_gate_decided').length;
  }

  async #execute(command: Parameters<typeof decideRun>[0]): Promise<void> {
    const result = await executeCommand(this.#ref, {
      eventing: this.eventing, aggregate: runAggregate, context: {}, decide: (state, at_ms) => decideRun(command, state, { at_ms, definition: this.#definition }),
    });
    if (result.kind !== 'accepted') throw new Error(JSON.stringify(result));
  }
}

export const refusalOf = (result: Result<unknown>): Refusal => {
  if (result.ok) throw new Error('it was accepted');
  return result.refusal;
};
