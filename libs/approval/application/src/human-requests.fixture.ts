import { createHash } from 'node:crypto';
import { cancelRun, createAutomation, DefinitionLibrary, pauseRun, requestRun, resumeRun, retryTask, runAggregate, RunExecutor, wakeWait, type ExpressionEvaluator, type HttpStep, type StepOutcome } from '@cs/automation-application';
import type { AggregateRef, CallContext, GovernanceActor, OpenWait, Run, RunEvent } from '@cs/contracts';
import { InMemoryEventStore, loadAggregate, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { isJsonObject, type Json, type Result } from '@cs/kernel';
import { answerQuestion, type AnswerRequest } from './answer-question.command-handler.js';
import { decideGate, type GateDecisionRequest } from './decide-gate.command-handler.js';
import { callBy, person, tenant } from './decide-gate.fixture.js';
import type { HumanRequestOptions } from './human-response.js';
import { respondEscalation, type EscalationResponse } from './respond-escalation.command-handler.js';

/** Expressions that are paths, such as `nodes.ask.output`: enough for these tests. */
const paths: ExpressionEvaluator = {
  evaluate: (expression, scope) => Promise.resolve(expression.split('.').reduce<Json | undefined>((value, name) => (isJsonObject(value) ? value[name] : undefined), scope)),
  check: () => undefined,
};

const quiet = { announce: () => undefined, listen: () => () => undefined };

export const question = (node_id: string, action: Record<string, Json> = {}, extra: Record<string, Json> = {}): Json => ({
  node_id, objective: node_id, action: { kind: 'question', prompt: `What about ${node_id}?`, ...action }, ...extra,
});
export const escalation = (node_id: string, action: Record<string, Json> = {}, extra: Record<string, Json> = {}): Json => ({
  node_id, objective: node_id, action: { kind: 'escalation', role: 'lead', reason: 'The books do not add up', ...action }, ...extra,
});
export const post = (node_id: string, body: Json, depends_on: readonly string[]): Json => ({ node_id, objective: node_id, depends_on: [...depends_on], action: { kind: 'http', method: 'POST', url: `http://peer/${node_id}`, body } });

/** Somebody with roles, as a key of the gateway gives them. */
export const withRoles = (actor: GovernanceActor, ...roles: readonly string[]): CallContext => ({ ...callBy(actor), memberships: { roles, groups: [] } });

export const valueOf = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};

/** Runs that ask people, over the log in memory; the clock and the timers are moved by the test. */
export class AskingWorld {
  readonly store = new InMemoryEventStore();
  now = 1_000_000;
  #ids = 0;
  readonly sent: HttpStep[] = [];
  readonly timers = new Map<string, number>();
  archived = true;
  readonly eventing: Eventing = { store: this.store, clock: () => this.now, digest: (text) => createHash('sha256').update(text).digest('hex') };
  readonly definitions = new DefinitionLibrary(this.eventing);
  readonly newId = (): string => `id-${(this.#ids += 1)}`;
  readonly options: HumanRequestOptions = {
    eventing: this.eventing, definitions: this.definitions, newId: this.newId, archiveTimeoutMs: 1, progress: { waitFor: () => Promise.resolve(this.archived) },
  };
  readonly #operator = { eventing: this.eventing, definitions: this.definitions, evaluator: paths, changes: quiet };
  readonly #timers = { schedule: (_ref: AggregateRef, waitId: string, dueAtMs: number) => Promise.resolve(void this.timers.set(waitId, dueAtMs)) };

  async define(flow: readonly Json[], extra: Record<string, Json> = {}): Promise<Result<unknown>> {
    return await createAutomation({ eventing: this.eventing, definitions: this.definitions, evaluator: paths }, callBy(person('ada')), { automation_id: 'a', name: 'a', status: 'active', flow: { nodes: [...flow] }, ...extra });
  }

  /** A run that came as far as it can. */
  static async at(flow: readonly Json[], { by = person('ada'), input = {}, extra = {} }: { by?: GovernanceActor; input?: Json; extra?: Record<string, Json> } = {}): Promise<AskingRun> {
    const world = new AskingWorld();
    valueOf(await world.define(flow, extra));
    const run = await world.start(by, input);
    await run.execute();
    return run;
  }

  async start(by: GovernanceActor = person('ada'), input: Json = {}): Promise<AskingRun> {
    return new AskingRun(this, valueOf(await requestRun({ eventing: this.eventing, definitions: this.definitions, newId: this.newId }, callBy(by), { automation_id: 'a', input })).run.run_id);
  }

  executor(claimantId: string): RunExecutor {
    const run = (step: HttpStep): Promise<StepOutcome> => Promise.resolve((this.sent.push(step), { kind: 'succeeded', output: { status: 200, headers: {}, body: null } }));
    return new RunExecutor({
      eventing: this.eventing, definitions: this.definitions, evaluator: paths, http: { run }, newId: this.newId, claimantId, leaseMs: 15_000, secrets: new Map<string, string>(), timers: this.#timers, changes: quiet,
    });
  }

  async wake(run_id: string, waitId: string): Promise<ConsumerOutcome> {
    return await wakeWait({ eventing: this.eventing, definitions: this.definitions, changes: quiet, timers: this.#timers }, refOf(run_id), waitId);
  }

  operate(run_id: string, what: 'cancel' | 'pause' | 'resume'): Promise<Result<unknown>> {
    const command = { cancel: cancelRun, pause: pauseRun, resume: resumeRun }[what];
    return command(this.#operator, callBy(person('op')), { run_id });
  }

  retry(run_id: string, node_id: string): Promise<Result<unknown>> {
    return retryTask(this.#operator, callBy(person('op')), { run_id, node_id });
  }

  /** Everything that was recorded of refused responses. */
  refusals(): readonly Json[] {
    return this.store.all().filter(({ ref }) => ref.aggregate === 'gate_refusal').flatMap(({ commit }) => commit.events.map(({ data }) => data as Json));
  }
}

const refOf = (run_id: string): AggregateRef => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id });

/** One run of an asking world. */
export class AskingRun {
  constructor(readonly world: AskingWorld, readonly run_id: string) {}

  async load(): Promise<Run> {
    const { state } = await loadAggregate({ store: this.world.store, aggregate: runAggregate }, refOf(this.run_id));
    if (state === undefined) throw new Error('no run');
    return state;
  }

  messages(): readonly StoredCommit[] {
    return this.world.store.all().filter(({ ref, status }) => ref.id === this.run_id && status === 'queued');
  }

  async execute({ by = 'runner-1', redelivered = false }: { by?: string; redelivered?: boolean } = {}): Promise<ConsumerOutcome> {
    const message = this.messages().at(-1);
    if (message === undefined) throw new Error('the run was never queued');
    return await this.world.executor(by).execute(message, { redelivered, signal: new AbortController().signal });
  }

  /** What is open, in the order of its opening; the first that a node asks, where one is named. */
  async open(node_id?: string): Promise<readonly OpenWait[]> {
    return (await this.load()).checkpoint.open_waits.filter((wait) => wait.request !== undefined && (node_id === undefined || wait.node_id === node_id));
  }

  async requestId(node_id?: string): Promise<string> {
    const [first] = await this.open(node_id);
    if (first === undefined) throw new Error('nothing is asked');
    return first.wait_id;
  }

  async answer(answer: Json, { by = callBy(person('bob')), ...change }: Partial<AnswerRequest> & { by?: CallContext } = {}) {
    const request_id = change.request_id ?? (await this.requestId());
    return await answerQuestion(this.world.options, by, { run_id: this.run_id, ...change, request_id, answer });
  }

  async respond(accepted: boolean, by: CallContext, change: Partial<EscalationResponse> = {}) {
    const request_id = change.request_id ?? (await this.requestId());
    return await respondEscalation(this.world.options, by, { run_id: this.run_id, ...change, request_id, accepted });
  }

  decide(decision: string, by: CallContext, change: Partial<GateDecisionRequest> = {}) {
    return decideGate(this.world.options, by, { run_id: this.run_id, decision, ...change });
  }

  /** The timers of the run fire at their time. */
  async fireTimers(): Promise<void> {
    for (const [waitId, due] of [...this.world.timers]) {
      this.world.timers.delete(waitId);
      this.world.now = Math.max(this.world.now, due);
      await this.world.wake(this.run_id, waitId);
    }
  }

  events(): readonly RunEvent[] {
    return this.world.store.all().filter(({ ref }) => ref.id === this.run_id).flatMap(({ commit }) => commit.events as unknown as readonly RunEvent[]);
  }

  /** Types of the events that are about questions and escalations, in their order. */
  asked(): readonly string[] {
    return this.events().map(({ event_type }) => event_type).filter((type) => type.startsWith('question_') || type.startsWith('escalation_') || type.startsWith('human_request_') || type.startsWith('approval_gate_'));
  }
}
