import type { StoredCommit } from '@cs/eventing';
import type { Admission } from './admission.port.js';
import { AutonomyBudgets } from './autonomy-budgets.js';
import { AutomationHold } from './automation-hold.js';
import type { AutomationStatuses } from './automation-pause.js';
import { completeRepair } from './repair-run.command-handler.js';
import { done, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type IdSource, type Loaded } from '@cs/eventing';
import { isFinished, isParked, standingClaim, type ExpiryDefault } from '@cs/automation-domain';
import { ChildRepair } from './child-repair.js';
import { ChildRuns } from './child-runs.js';
import type { AggregateRef, AutomationDefinition, Run } from '@cs/contracts';
import type { DefinitionLibrary } from './definition-library.js';
import type { PolicyOfWorkspace } from './effect-clearance.js';
import type { ExpressionEvaluator } from './expression.port.js';
import type { LaunchGuard } from './launch-guard.js';
import { NodeWork } from './node-work.js';
import { RunExecution, type RunExecutionParts } from './run-execution.js';
import { RunFollowUp } from './run-follow-up.js';
import type { RecentRuns } from './recent-runs.js';
import { runAggregate } from './run.aggregate.js';
import type { QueuedBy, RunMeter } from './run-meter.port.js';
import { RunSession } from './run-session.js';
import type { Secrets } from './secrets.port.js';
import type { StepExecutors } from './step-executor.port.js';
import { stepExecutors } from './step-executors.js';
import type { HttpStepRunner } from './step-runner.port.js';
import type { RunChanges, Timers } from './timers.port.js';
import type { WorkspaceRoots } from './workspace-roots.port.js';

export interface RunExecutorOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly evaluator: ExpressionEvaluator;
  readonly http: HttpStepRunner;
  readonly secrets: Secrets;
  readonly timers: Timers;
  readonly changes: RunChanges;
  readonly newId: IdSource;
  /** Names this runner in claims. */
  readonly claimantId: string;
  /** How long a claim may stand without a sign of life; informative, the broker's lease decides. */
  readonly leaseMs: number;
  /** Asked before a queued run is claimed. Absent: every run is claimed at once. */
  readonly admission?: Admission;
  /** What holds for gates that do not say how long they wait. */
  readonly gateExpiry?: ExpiryDefault;
  /** Runs of a paused automation are not claimed. Absent: no automation is paused. */
  readonly automations?: AutomationStatuses;
  readonly meter?: RunMeter;
  /** Asked before nodes start. Default none. */
  readonly guards?: readonly LaunchGuard[];
  /** Judges effects before they go out. Absent: nothing is judged. */
  readonly policy?: PolicyOfWorkspace;
  /** Saves reading runs that this process wrote last. Absent: every run is read. */
  readonly recent?: RecentRuns;
  /** Asked whether a run can work in the folder that its definition names. Absent: it always can. */
  readonly roots?: WorkspaceRoots;
}

/** Nodes of one run that execute at a time, unless its definition says less (domain 2.5). */
const maxParallelNodes = 16;

/** A run that may be claimed, and the state that its message is about. */
interface Claimable {
  readonly loaded: Loaded<Run | undefined>;
  readonly state: Run;
  readonly definition: AutomationDefinition;
  readonly redelivered: boolean;
  readonly signal: AbortSignal;
}

const keyOf = ({ ref }: StoredCommit): string => `${ref.org_id}/${ref.workspace_id}/${ref.id}`;

const causes: Readonly<Record<string, QueuedBy | undefined>> = { run_created: 'creation', approval_gate_decided: 'decision', stateful_wait_woken_requeued: 'wait' };

const queuedBy = ({ commit }: StoredCommit): QueuedBy => commit.events.map(({ event_type }) => causes[event_type]).find((cause) => cause !== undefined) ?? 'other';

/** Executes runs that became runnable: claim, nodes as the graph allows, then park, stop at a gate, or end. */
export class RunExecutor {
  readonly #options: RunExecutorOptions;
  readonly #executors: StepExecutors;
  readonly #children: ChildRuns;
  readonly #hold: AutomationHold;
  readonly #budgets: AutonomyBudgets;
  /** For what lost messages left behind. */
  readonly childRepair: ChildRepair;
  readonly #executing = new Map<string, Promise<ConsumerOutcome>>();

  constructor(options: RunExecutorOptions) {
    this.#options = options;
    this.#executors = stepExecutors(options);
    this.#children = new ChildRuns(options, this.#executors);
    this.#hold = new AutomationHold(options);
    this.#budgets = new AutonomyBudgets(options.eventing);
    this.childRepair = new ChildRepair({ ...options, children: this.#children });
  }

  /** Runs in this process right now. */
  get executing(): number {
    return this.#executing.size;
  }

  /**
   * Handles the message that says a run is runnable; until this resolves, the message is the lease.
   * An aborted signal means that the process stops: the run is handed back as it is.
   */
  async execute(message: StoredCommit, { redelivered, signal }: { readonly redelivered: boolean; readonly signal: AbortSignal }): Promise<ConsumerOutcome> {
    const key = keyOf(message);
    // The same message again while it is being handled: its lease lapsed under load. Let it end first.
    for (let busy = this.#executing.get(key); busy !== undefined; busy = this.#executing.get(key)) await busy.catch(() => undefined);
    const execution = this.#claimAndRun(message, { redelivered, signal });
    this.#executing.set(key, execution);
    try {
      return await execution;
    } finally {
      if (this.#executing.get(key) === execution) this.#executing.delete(key);
    }
  }

  /** Handles the message that says a run ended, whoever ended it: its children go, and its parent hears of it. */
  async afterEnd({ ref }: Pick<StoredCommit, 'ref'>): Promise<ConsumerOutcome> {
    const { state } = await loadAggregate({ store: this.#options.eventing.store, aggregate: runAggregate }, ref);
    if (state === undefined || !isFinished(state.status)) return done;
    await this.#children.cancelAbandoned(state);
    await this.#children.reportEnd(state);
    return done;
  }

  async #claimAndRun(message: StoredCommit, { redelivered, signal }: { redelivered: boolean; signal: AbortSignal }): Promise<ConsumerOutcome> {
    const loaded = await this.#load(message, redelivered);
    if (loaded.state === undefined) return done;
    const definition = await this.#options.definitions.get(message.ref, loaded.state.workflow_definition_snapshot_hash);
    if (await this.#cancelOrphan(loaded.state)) return done;
    await completeRepair(this.#options, message);
    if (await this.#hold.holds(message, loaded.state, definition)) return done;
    return await this.#admitAndExecute(message, { loaded, state: loaded.state, definition, redelivered, signal });
  }

  /** A fresh message is very likely the newest commit; if not, the first flush finds out. */
  async #load(message: StoredCommit, redelivered: boolean): Promise<Loaded<Run | undefined>> {
    const { eventing, recent } = this.#options;
    const known = recent?.take(message.ref);
    if (!redelivered && known?.position === message.position) return known;
    return await loadAggregate({ store: eventing.store, aggregate: runAggregate }, message.ref, redelivered ? undefined : message);
  }

  async #admitAndExecute(message: StoredCommit, claimable: Claimable): Promise<ConsumerOutcome> {
    const { state, definition } = claimable;
    // Also for a run that executes or rests already: its message is back because its runner is gone, and what it held is still to be released.
    const admitted = await this.#options.admission?.admit(message.ref, state, definition);
    if (admitted?.kind === 'held') return admitted.outcome;
    try {
      return await this.#executeAdmitted(message, claimable);
    } finally {
      await admitted?.release();
    }
  }

  /** A child that was requested while its parent stopped waiting for it: the parent's end did not find it yet. */
  async #cancelOrphan(run: Run): Promise<boolean> {
    const { parent } = run;
    if (parent === undefined || run.started_at_ms !== undefined || isFinished(run.status) || !(await this.#children.isOrphan(run))) return false;
    const { org_id, workspace_id } = run.tenant_context;
    await this.#children.cancel({ org_id, workspace_id, aggregate: 'run', id: run.run_id }, parent.run_id, `its parent run ${parent.run_id} waits for it no more`);
    return true;
  }

  async #executeAdmitted(message: StoredCommit, { loaded, state, definition, redelivered, signal }: Claimable): Promise<ConsumerOutcome> {
    const followUp = this.#followUp(message.ref, definition);
    const session = this.#claim(loaded, { definition, message });
    if (session === undefined) return this.#leave(message, state) ?? (await this.#catchUp(message, { state, definition, followUp }));
    // What waits already was seen to before the message was acknowledged that led to it.
    if (!redelivered) followUp.assumeRequested(state);
    const problem = await this.#rootProblem(state, definition);
    const outcome = problem === undefined ? await this.#run({ session, definition, followUp, signal }) : await this.#fail(session, followUp, problem);
    return await this.#letGo(session, message, { definition, outcome });
  }

  /** The run is at rest, is handed back, or is another runner's. */
  async #letGo(session: RunSession, message: StoredCommit, { definition, outcome = done }: { readonly definition: AutomationDefinition; readonly outcome?: ConsumerOutcome | undefined }): Promise<ConsumerOutcome> {
    if (session.isElsewhere) return this.#isCurrent(session.run, message) ? retryLater(this.#options.leaseMs, 'another runner executes the run') : done;
    if (isParked(session.run)) this.#options.recent?.remember(session.written);
    await this.#hold.settle(message.ref, session.run, definition);
    return outcome;
  }

  /**
   * Another runner has claimed the run, and holds this very message: an ack would end its lease too. A delayed
   * nak is undone by its next sign of life, and brings the message back when the claim has expired.
   */
  #leave(message: StoredCommit, run: Run): ConsumerOutcome | undefined {
    const { eventing, claimantId } = this.#options;
    const at_ms = eventing.clock();
    const claim = standingClaim(run, { claimant_id: claimantId, at_ms });
    if (claim === undefined) return undefined;
    // Clocks of two runners may differ: no claim stands for longer than it was made for.
    const delayMs = Math.min(claim.lease_expires_at_ms - at_ms, claim.lease_expires_at_ms - claim.claimed_at_ms);
    return this.#isCurrent(run, message) ? retryLater(delayMs, 'another runner has claimed the run') : done;
  }

  /** The run's turn in the queue is the one that the message stands for, or an earlier one. */
  #isCurrent({ queued_at_version }: Run, { commit }: StoredCommit): boolean {
    return queued_at_version <= commit.version;
  }

  /** A run that is not to be executed: what its message led to before, and a process that died may have left undone. */
  async #catchUp({ ref }: StoredCommit, { state, definition, followUp }: Pick<Claimable, 'state' | 'definition'> & { readonly followUp: RunFollowUp }): Promise<ConsumerOutcome> {
    await this.#hold.settleLost(ref, state, definition);
    await followUp.after(state);
    return done;
  }

  /** Not when a runner that is gone left something in progress: what became of that comes first. */
  async #rootProblem({ checkpoint }: Run, { workspace_root: root }: AutomationDefinition): Promise<string | undefined> {
    return root === undefined || Object.keys(checkpoint.in_progress).length > 0 ? undefined : await this.#options.roots?.problemOf(root);
  }

  async #fail(session: RunSession, followUp: RunFollowUp, detail: string): Promise<undefined> {
    session.apply({ type: 'fail_run', detail });
    if (await session.flush()) await followUp.after(session.run);
  }

  #claim(loaded: Loaded<Run | undefined>, { definition, message }: { definition: AutomationDefinition; message: StoredCommit }): RunSession | undefined {
    const { eventing, newId, claimantId, leaseMs, meter } = this.#options;
    const claim_id = `run-claim-${newId()}`;
    const session = new RunSession(loaded, { eventing, definition, claimId: claim_id });
    const claimed_at_ms = session.atMs;
    const claim = { claim_id, claimant_id: claimantId, claimed_at_ms, lease_expires_at_ms: claimed_at_ms + leaseMs };
    if (!session.apply({ type: 'claim', claim, queued_version: message.commit.version })) return undefined;
    meter?.claimed({ isTakeover: loaded.state?.status === 'running', queuedBy: queuedBy(message), queuedMs: claimed_at_ms - (message.commit.events.at(-1)?.recorded_at_ms ?? claimed_at_ms) });
    return session;
  }

  async #run({ session, definition, followUp, signal }: Omit<RunExecutionParts, 'work' | 'children' | 'isPausedNow'>): Promise<ConsumerOutcome | undefined> {
    const { evaluator, eventing, guards = [], changes, gateExpiry, policy } = this.#options;
    const work = new NodeWork({
      session, definition, evaluator, gateExpiry, guards, policy, budgets: this.#budgets, executors: this.#executors, digest: eventing.digest,
      maxParallel: definition.execution?.max_parallel_agents ?? maxParallelNodes,
    });
    const stopListening = changes.listen(session.ref.id, () => work.nudge());
    const onStop = (): void => work.nudge();
    signal.addEventListener('abort', onStop, { once: true });
    try {
      return await new RunExecution({ session, work, definition, followUp, signal, children: this.#children, isPausedNow: () => this.#hold.pausesNow(session, definition) }).advance();
    } finally {
      stopListening();
      signal.removeEventListener('abort', onStop);
      work.abort();
    }
  }

  #followUp(ref: AggregateRef, definition: AutomationDefinition): RunFollowUp {
    return new RunFollowUp({ timers: this.#options.timers, children: this.#children, ref, definition });
  }
}
