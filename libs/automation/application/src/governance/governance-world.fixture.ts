import { automationStatus } from '@cs/automation-domain';
import type { CallContext, GovernanceActor, TenantContext } from '@cs/contracts';
import { loadAggregate, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { automationAggregate } from '../automation.aggregate.js';
import type { AutomationStatuses } from '../automation-pause.js';
import { automation, callBy, InMemoryApplication, nodes, tenant, valueOf } from '../in-memory-application.fixture.js';
import { RunExecutor } from '../run-executor.js';
import type { HttpStep } from '../step-runner.port.js';
import { followApproval, requestActivation } from './follow-governance.js';
import { createGoverned, launchGoverned } from './govern-commands.js';
import { recordAgentSpend } from './govern-agents.command-handlers.js';
import { decideApproval, requestApproval, type ApprovalRequested } from './governance-approvals.command-handlers.js';
import { activationId } from './governance-state.js';
import { releaseGoverned } from './governed-run.js';

export const bot: GovernanceActor = { kind: 'agent', actor_id: 'bot', source: 'api_key' };
export const byBot = (of: Partial<TenantContext> = {}, agent = bot): CallContext => callBy(agent, of);
/** A person who administers the workspace. */
export const human = (actor_id = 'ada', of: Partial<TenantContext> = {}): CallContext => ({ ...callBy({ kind: 'human', actor_id }, of), memberships: { roles: ['workspace:admin'], groups: [] } });

interface Spending {
  readonly of?: Partial<TenantContext>;
  readonly event?: string;
  readonly position?: number;
  readonly run?: string;
  /** What the run has cost in all. */
  readonly run_usd?: number;
}

/** Governance over the log in memory, with a runner whose hearing the test can stop, and its messages. */
export class GovernanceWorld {
  readonly app = new InMemoryApplication();
  readonly sent: HttpStep[] = [];
  /** What the runner has heard of the status of automations, where the test says so; else what the log says. */
  heard: string | undefined;
  /** Called just before the runner asks the log after its claim. */
  beforeLook: () => Promise<unknown> = () => Promise.resolve();
  /** Called when a step is executed. */
  onSent: () => Promise<unknown> = () => Promise.resolve();

  definition(id = 'refunds', extra: Record<string, Json> = {}): Json {
    return automation([nodes.http('pay')], { automation_id: id, ...extra });
  }

  create(context: CallContext = byBot(), { id = 'refunds', approval_id, ...extra }: { readonly id?: string; readonly approval_id?: string; readonly [member: string]: Json | undefined } = {}) {
    return createGoverned(this.app, context, { definition: this.definition(id, extra as Record<string, Json>), approval_id });
  }

  /** An automation that an agent made, and the activation that was asked for. */
  async made(of: Partial<TenantContext> = {}, extra: Record<string, Json> = {}): Promise<string> {
    const { automation: stored } = valueOf(await this.create(byBot(of), extra));
    await this.followAutomation(of);
    return activationId(this.app.eventing.digest, { tenant: { ...tenant, ...of }, automation_id: stored.automation_id, definition_hash: stored.definition_hash });
  }

  /** One that a person allowed. */
  async active(of: Partial<TenantContext> = {}, extra: Record<string, Json> = {}): Promise<void> {
    await this.allow(await this.made(of, extra), of);
  }

  async allow(approval_id: string, of: Partial<TenantContext> = {}, by = human('ada', of)): Promise<void> {
    valueOf(await decideApproval(this.app, by, { approval_id, decision: 'approve' }));
    await this.followApproval(approval_id, of);
  }

  followAutomation(of: Partial<TenantContext> = {}, id = 'refunds'): Promise<ConsumerOutcome> {
    return requestActivation(this.app, this.refOf('automation', id, of));
  }

  followApproval(approval_id: string, of: Partial<TenantContext> = {}): Promise<ConsumerOutcome> {
    return followApproval(this.app, this.refOf('governance_approval', approval_id, of));
  }

  request(context: CallContext, request: ApprovalRequested) {
    return requestApproval(this.app, context, request);
  }

  /** A run that a person asks for. */
  async run(by: CallContext = human(), automation_id = 'refunds'): Promise<string> {
    return valueOf(await launchGoverned(this.app, by, { automation_id })).run.run_id;
  }

  refOf(aggregate: StoredCommit['ref']['aggregate'], id: string, of: Partial<TenantContext> = {}): StoredCommit['ref'] {
    const { org_id, workspace_id } = { ...tenant, ...of };
    return { org_id, workspace_id, aggregate, id };
  }

  /** Delivers the newest message that the run is runnable. */
  async execute(run_id: string, redelivered = false): Promise<ConsumerOutcome> {
    const message = this.app.store.all().filter(({ ref, status }) => ref.id === run_id && status === 'queued').at(-1);
    if (message === undefined) throw new Error('no message');
    return await this.executor().execute(message, { redelivered, signal: new AbortController().signal });
  }

  release(run_id: string, of: Partial<TenantContext> = {}): Promise<boolean> {
    return releaseGoverned(this.app, this.refOf('run', run_id, of));
  }

  async statusOf(run_id: string, of: Partial<TenantContext> = {}): Promise<string> {
    const state = this.app.store.all().filter(({ ref }) => ref.id === run_id && ref.org_id === { ...tenant, ...of }.org_id).at(-1);
    return state?.status ?? 'absent';
  }

  /** A run of an automation has cost something. */
  async spend(cost_usd: number, { of = {}, event = `usage-${cost_usd}-${this.app.now}`, position = this.app.store.all().length, run = 'automation-v2-run-1', run_usd = cost_usd }: Spending = {}): Promise<ConsumerOutcome> {
    const { state } = await loadAggregate({ store: this.app.store, aggregate: automationAggregate }, this.refOf('automation', 'refunds', of));
    const definition = await this.app.definitions.get({ ...tenant, ...of }, state?.definition_hash ?? '');
    return await recordAgentSpend(this.app, {
      tenant: { ...tenant, ...of }, definition,
      usage: { usage_event_id: event, usage_position: position, run_id: run, automation_id: 'refunds', cost_usd, run_usd, tokens: 10, at_ms: this.app.now },
    });
  }

  events(aggregate: string, of: Partial<TenantContext> = {}) {
    const { org_id, workspace_id } = { ...tenant, ...of };
    return this.app.store.all().filter(({ ref }) => ref.aggregate === aggregate && ref.org_id === org_id && ref.workspace_id === workspace_id).flatMap(({ commit }) => commit.events);
  }

  types(aggregate: string, of: Partial<TenantContext> = {}): readonly string[] {
    return this.events(aggregate, of).map(({ event_type }) => event_type);
  }

  /** Denials in the audit, as action and code. */
  denials(of: Partial<TenantContext> = {}): readonly (readonly [unknown, unknown])[] {
    return this.events('governance_refusal', of).map(({ data }) => [(data as Record<string, unknown>)['action'], (data as Record<string, unknown>)['code']]);
  }

  executor(): RunExecutor {
    const { eventing, definitions, evaluator, newId } = this.app;
    const read: AutomationStatuses['readStatus'] = async (where, id) => {
      const { state } = await loadAggregate({ store: this.app.store, aggregate: automationAggregate }, { ...where, aggregate: 'automation', id });
      return automationStatus(state);
    };
    const automations: AutomationStatuses = { statusOf: async (where, id) => this.heard ?? (await read(where, id)), readStatus: read };
    return new RunExecutor({
      eventing: { ...eventing, store: this.#watched() }, definitions, evaluator, newId, automations, claimantId: 'runner-1', leaseMs: 15_000, secrets: new Map<string, string>(),
      timers: { schedule: () => Promise.resolve() }, changes: { announce: () => undefined, listen: () => () => undefined },
      http: {
        run: async (step) => {
          await this.onSent();
          this.sent.push(step);
          return { kind: 'succeeded', output: 1 };
        },
      },
    });
  }

  /** The log, with a moment between a claim and what the runner reads after it. */
  #watched(): InMemoryApplication['store'] {
    const beforeLook = (): Promise<unknown> => this.beforeLook();
    let isClaimed = false;
    return new Proxy(this.app.store, {
      get(store, name: keyof InMemoryApplication['store']) {
        const member = Reflect.get(store, name, store) as unknown;
        if (typeof member !== 'function') return member;
        return async (...parameters: readonly unknown[]) => {
          if (name === 'append') isClaimed ||= JSON.stringify(parameters[2]).includes('run_execution_claimed');
          if (name === 'last' && isClaimed) {
            isClaimed = false;
            await beforeLook();
          }
          return await (member as (...given: readonly unknown[]) => unknown).apply(store, parameters as unknown[]);
        };
      },
    });
  }
}

export { refusalOf, valueOf } from '../in-memory-application.fixture.js';
