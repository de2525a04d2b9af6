import { createHash, randomUUID } from 'node:crypto';
import { ActivePolicy, createAutomation, DefinitionLibrary, RecentRuns, requestRun, RunAdmission, runAggregate, RunExecutor, type HttpStep, type HttpStepRunner, type RunChanges, type StepOutcome } from '@cs/automation-application';
import { CedarEffectJudge } from '@cs/cedar-policy';
import { decideRun, type RunCommand } from '@cs/automation-domain';
import { localImplicitTenant, logSubject, statusSubjects, streams, timerSubject, type AggregateRef, type CallContext, type Commit, type Run } from '@cs/contracts';
import { executeCommand, InMemoryEventStore, loadAggregate, type AppendResult, type Eventing, type EventStore } from '@cs/eventing';
import { Precedence } from '@cs/jetstream';
import type { Json } from '@cs/kernel';
import { JsonataEvaluator } from '@cs/step-runners';
import { CrashingEventStore, EndingProcess, type CrashPoint } from '@cs/testing';
import { runnerConsumers } from './consumers.js';
import { runQueue } from './run-queue.js';
import { InMemoryBroker } from './in-memory-broker.fixture.js';

const human = { kind: 'human', actor_id: 'ada', source: 'test' } as const;
const context: CallContext = { tenant: localImplicitTenant, actor: human, correlation_id: 'crash-points' };
const silent: RunChanges = { announce: () => undefined, listen: () => () => undefined };
const evaluator = new JsonataEvaluator();
const judge = new CedarEffectJudge();

/** The outside: does an effect once for each key, or each time where there is none, and keeps a ledger. */
export class Peer {
  /** Effects by path and key. */
  readonly ledger = new Map<string, number>();
  readonly #refused = new Set<string>();

  answer({ url, idempotency }: HttpStep): StepOutcome {
    const path = new URL(url).pathname;
    const effect = `${path} ${idempotency?.key ?? 'no key'}`;
    if (path.startsWith('/flaky') && !this.#refused.has(effect)) {
      this.#refused.add(effect);
      return { kind: 'failed', failure: { kind: 'unexpected_status', message: 'peer answered 503' }, effect: 'answered', retryable: true };
    }
    const done = this.ledger.get(effect) ?? 0;
    if (idempotency === undefined || done === 0) this.ledger.set(effect, done + 1);
    return { kind: 'succeeded', output: { status: 200, headers: {}, body: { path } } };
  }

  /** What it answered to an effect that it did. */
  outputOf(path: string): Json | undefined {
    return [...this.ledger.keys()].some((effect) => effect.startsWith(`${path} `)) ? { status: 200, headers: {}, body: { path } } : undefined;
  }
}

/** The log in memory, whose commits are messages, as in JetStream. */
class PublishingEventStore extends InMemoryEventStore {
  readonly #broker: InMemoryBroker;

  constructor(broker: InMemoryBroker) {
    super();
    this.#broker = broker;
  }

  override async append(ref: AggregateRef, status: string, commit: Commit): Promise<AppendResult> {
    const result = await super.append(ref, status, commit);
    if (result.kind === 'appended' && !result.duplicate) this.#broker.publish(streams.log.name, logSubject(ref, status), JSON.stringify(commit));
    return result;
  }
}

interface Timer {
  readonly ref: AggregateRef;
  readonly waitId: string;
  readonly dueAtMs: number;
}

interface Parts {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
}

/**
 * Runners over a log, a broker, timers and a peer that outlive them. One process at a time; when it
 * ends at its crash point, another one starts, which lives.
 */
export class CrashWorld {
  readonly broker = new InMemoryBroker();
  readonly store = new PublishingEventStore(this.broker);
  readonly peer = new Peer();
  readonly timers = new Map<string, Timer>();
  nowMs = 1_000_000;
  process: EndingProcess;
  #parts: Parts;

  constructor(at?: CrashPoint) {
    this.process = new EndingProcess(at);
    this.#parts = this.#start();
  }

  /** As runner.module.ts composes it, over what this process may write. */
  #start(): Parts {
    const { process } = this;
    const eventing = this.#eventing(new CrashingEventStore(this.store, process));
    const definitions = new DefinitionLibrary(eventing);
    const http: HttpStepRunner = { run: (step) => process.while(() => Promise.resolve(this.peer.answer(step))) };
    const schedule = async (ref: AggregateRef, waitId: string, dueAtMs: number): Promise<void> =>
      process.write(`timer ${waitId}`, () => Promise.resolve(void this.timers.set(`${ref.id} ${waitId}`, { ref, waitId, dueAtMs })));
    const admission = new RunAdmission({ eventing, definitions, timers: { schedule } });
    const recent = new RecentRuns();
    const executor = new RunExecutor({
      policy: new ActivePolicy(judge, eventing.store), eventing, definitions, evaluator, http, admission, recent, newId: randomUUID, claimantId: 'runner', leaseMs: 15_000, secrets: new Map(), timers: { schedule }, changes: silent,
    });
    const wake = { eventing, definitions, recent, changes: silent, timers: { schedule } };
    const queue = runQueue({ executor, eventing, config: { RUNNER_LEASE_MS: 15_000, RUNNER_MAX_RUNS: 16, RUNNER_MAX_RUNS_PER_TENANT: undefined }, stopping: new AbortController().signal });
    this.broker.subscribe([
      { ...queue, durable: 'runner--queued-runs', stream: streams.log.name, filters: [statusSubjects('run', 'queued')], maxInFlight: queue.slots },
      ...runnerConsumers({ executor, wake, admission, metrics: { timerFired: () => undefined }, precedence: new Precedence({ burst: 16, longestMs: 1000 }), stopping: new AbortController().signal }),
    ]);
    return { eventing, definitions };
  }

  #eventing(store: EventStore): Eventing {
    return { store, clock: () => this.nowMs, digest: (text) => createHash('sha256').update(text).digest('hex') };
  }

  /** Written before the process under test starts: nothing of it is a crash point. */
  async define(definition: Json): Promise<void> {
    const eventing = this.#eventing(this.store);
    const result = await createAutomation({ eventing, definitions: new DefinitionLibrary(eventing), evaluator }, context, definition);
    if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  }

  /** A client asks until it is answered, always with the same key. */
  async request(automation_id: string): Promise<string> {
    const result = await this.#insist(() => requestRun({ ...this.#parts, newId: randomUUID }, context, { automation_id, input: {}, command_id: 'start-1' }));
    if (!result.ok) throw new Error(JSON.stringify(result.refusal));
    return result.value.run.run_id;
  }

  /** A person decides the gate that is open, and asks again when nobody answered. */
  async decide(run_id: string, decision: string): Promise<void> {
    const { checkpoint } = await this.load(run_id);
    await this.#command(run_id, { type: 'decide_gate', decision, decided_by: human, command_id: `decide-${checkpoint.awaiting_gate?.gate_opening_id}` });
  }

  /** An operator asks the peer what became of an effect whose outcome nobody knows, and says so. */
  async reconcile(run_id: string, node_id: string): Promise<void> {
    const output = this.peer.outputOf(`/${node_id}`);
    const command = { command_id: `reconcile-${node_id}`, fingerprint: node_id };
    await this.#command(run_id, { type: 'reconcile_effect', node_id, command, ...(output === undefined ? { outcome: 'retry' } : { outcome: 'succeeded', output }) });
  }

  async #command(run_id: string, command: RunCommand): Promise<void> {
    const run = await this.load(run_id);
    const definition = await new DefinitionLibrary(this.#eventing(this.store)).get(this.ref(run_id), run.workflow_definition_snapshot_hash);
    const result = await this.#insist(() => executeCommand(this.ref(run_id), {
      eventing: this.#parts.eventing, aggregate: runAggregate, context: { actor: human },
      decide: (state, at_ms) => decideRun(command, state, { at_ms, definition }),
    }));
    if (result.kind !== 'accepted') throw new Error(JSON.stringify(result));
  }

  async load(run_id: string): Promise<Run> {
    const { state } = await loadAggregate({ store: this.store, aggregate: runAggregate }, this.ref(run_id));
    if (state === undefined) throw new Error(`no run ${run_id}`);
    return state;
  }

  ref(run_id: string): AggregateRef {
    return { org_id: localImplicitTenant.org_id, workspace_id: localImplicitTenant.workspace_id, aggregate: 'run', id: run_id };
  }

  /** Handles the next message. False when there is none now. */
  async handle(): Promise<boolean> {
    const delivery = this.broker.next(this.nowMs);
    if (delivery === undefined) return false;
    const { process } = this;
    const handled = delivery.definition.handle(delivery.message).then((outcome) => process.write(`settle ${delivery.definition.durable}`, () => Promise.resolve(delivery.settle(outcome))));
    await Promise.race([handled, process.ended]);
    this.#restart();
    return true;
  }

  /** Time goes on until a timer fires or a message comes again. False when nothing is left to happen. */
  passTime(): boolean {
    const [next] = [...this.timers].sort(([, a], [, b]) => a.dueAtMs - b.dueAtMs);
    const at = Math.min(next?.[1].dueAtMs ?? Infinity, this.broker.nextAtMs ?? Infinity);
    if (at === Infinity) return false;
    this.nowMs = Math.max(this.nowMs, at);
    if (next !== undefined && next[1].dueAtMs <= this.nowMs) this.#fire(...next);
    return true;
  }

  #fire(key: string, { ref, waitId }: Timer): void {
    this.timers.delete(key);
    const fired = { org_id: ref.org_id, workspace_id: ref.workspace_id, run_id: ref.id, wait_id: waitId };
    this.broker.publish(streams.timers.name, timerSubject('fired', ref, waitId), JSON.stringify(fired));
  }

  async #insist<Value>(call: () => Promise<Value>): Promise<Value> {
    for (;;) {
      const answered = await Promise.race([call().then((value) => ({ value })), this.process.ended]);
      if (answered) return answered.value;
      this.#restart();
    }
  }

  /** After a crash: another process, which does not crash; time passes until the leases have lapsed. */
  #restart(): void {
    if (!this.process.isOver) return;
    this.process = new EndingProcess();
    this.nowMs += 20_000;
    this.#parts = this.#start();
  }
}
