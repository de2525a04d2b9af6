import type { Action, AutomationDefinition, EffectIntent, Run, RunEvent } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import type { RequestToOpen } from './human-request.commands.js';
import type { RecoveryCommand } from './recovery.commands.js';
import { recoveryOf } from './run-recovery.js';
import type { OperatorCommandOfRun } from './operator.commands.js';
import type { NodeResult, RunCommand } from './run.commands.js';
import { decideRun } from './run.decider.js';
import { evolveRun, type RecordedRunEvent } from './run-evolution.js';
import { isFinished, statefulStatus, type RunState } from './run.state.js';
import { workKey, type WorkRef } from './work-key.js';
import { createdData } from './run-history.fixture.js';
import { now } from './run-scenario.fixture.js';
import { checkRequestEvents, checkRequests } from './human-request-invariants.fixture.js';
import { checkGuard } from './run-guard-invariants.fixture.js';
import { checkEvents, checkNew, checkRun, holds } from './run-invariants.fixture.js';

/** What the outside world knows of the effects of a run: kept apart from the run, to compare with it. */
export class Effects {
  readonly #keys = new Map<string, string>();
  readonly #mayHaveHappened = new Set<string>();
  readonly #answered = new Set<string>();
  readonly #lost = new Set<string>();

  /** An attempt leaves the process. */
  sent(work: WorkRef, generation: number, effect: EffectIntent): void {
    const name = `${workKey(work)}/${generation}`;
    const known = this.#keys.get(name);
    if (known === undefined) {
      holds(![...this.#keys.values()].includes(effect.idempotency_key), 'another node or generation has another key', () => effect);
      this.#keys.set(name, effect.idempotency_key);
    } else holds(effect.idempotency_key === known, 'every attempt of an effect has its key', () => effect);
    holds(effect.mode !== 'none' || !this.#mayHaveHappened.has(effect.idempotency_key), 'an effect without a promise is not sent twice', () => effect);
    this.#mayHaveHappened.add(effect.idempotency_key);
  }

  /** Somebody knows for certain that the last attempt did not leave. */
  notSent({ idempotency_key }: EffectIntent): void {
    this.#mayHaveHappened.delete(idempotency_key);
  }

  /** The peer, or a person who asked it, said that it would not: nobody but a person may ask it again. */
  answered(idempotency_key: string): void {
    this.#answered.add(idempotency_key);
  }

  /** An attempt of which nobody heard the end. */
  lost({ effect_id, mode }: EffectIntent): void {
    if (mode !== 'safe') this.#lost.add(effect_id);
  }

  /** It succeeded, or a person found out. */
  found(effect_id: string): void {
    this.#lost.delete(effect_id);
  }

  isLost(effect_id: string | undefined): boolean {
    return effect_id !== undefined && this.#lost.has(effect_id);
  }

  /** A person takes it on themselves. */
  sendAgain(effect_id: string): void {
    this.#mayHaveHappened.delete(effect_id);
  }

  /** A person lets the run go on after a review: what peers refused may be asked again. */
  goOn(): void {
    for (const key of this.#answered) this.#mayHaveHappened.delete(key);
  }
}

/** Reminders come before the deadlines of these runs. */
const soon = 25;

/** What an action asks a person for, as a runner resolves it. */
const requestOf = (action: Action): RequestToOpen | undefined => {
  if (action.kind === 'question') {
    const { prompt, expires_after_ms, remind_every_ms } = action;
    return { request: { kind: 'question', prompt, ...(action.default === undefined ? {} : { default: action.default }) }, expires_after_ms, remind_every_ms: remind_every_ms && soon };
  }
  if (action.kind !== 'escalation') return undefined;
  const { role, reason, chain = [], expires_after_ms } = action;
  return { request: { kind: 'escalation', reason, roles: [role, ...chain], ...(expires_after_ms === undefined ? {} : { expires_after_ms }) }, expires_after_ms };
};

/** Commands that a finished run takes: operators reopen it, a blocked one is cancelled, what was left to do for children is done, and what it used is counted. */
const reopening: ReadonlySet<RunCommand['type']> = new Set<RunCommand['type']>(['choose_recovery', 'dispatch_retry', 'decide_compensation', 'start_compensation', 
  'cancel_child', 'release_children', 'cancel_run', 'recover_run', 'retry_task', 'requeue_task', 'repair_run', 'continue_task', 'set_disposition', 'reconcile_effect', 'record_usage',
]);

/** A run, everything that ever happened to it, and the messages in its runners' queue. Checks every invariant after every command. */
export class RunWorld {
  readonly definition: AutomationDefinition;
  readonly events: RecordedRunEvent[] = [];
  /** Versions of the commits that left the run queued, oldest first. */
  readonly messages: number[] = [];
  readonly waitIds: string[] = [];
  readonly openings: string[] = [];
  readonly effects = new Effects();
  atMs = now;
  #state: RunState;
  #claims = 0;

  constructor(definition: AutomationDefinition) {
    this.definition = definition;
    this.apply({ type: 'request_run', created: createdData(definition) });
  }

  get run(): Run {
    if (this.#state === undefined) throw new Error('no run');
    return this.#state;
  }

  /** Decides, records and checks. True when something changed. */
  apply(command: RunCommand): boolean {
    this.atMs += 1;
    const before = this.#state;
    const decision = decideRun(command, before, { at_ms: this.atMs, definition: this.definition });
    if (decision.kind === 'refused') return false;
    checkNew(this, decision.events);
    this.#record(decision.events);
    if (before !== undefined && isFinished(before.status)) holds(decision.events.length === 0 || reopening.has(command.type), 'a finished run stays as it is', () => decision.events);
    if (decision.events.length === 0) return false;
    checkRun(this, before);
    checkEvents(this, { before, events: decision.events });
    checkRequests(this.run);
    checkRequestEvents(this, { before, events: decision.events });
    checkGuard(this, { before, events: decision.events });
    if (statefulStatus(this.run) === 'queued') this.#queue();
    return true;
  }

  claim(message: number | undefined): boolean {
    this.#claims += 1;
    const claim = { claim_id: `claim-${this.#claims}`, claimant_id: `runner-${this.#claims}`, claimed_at_ms: this.atMs, lease_expires_at_ms: this.atMs + 15_000 };
    const standing = 'execution_claim' in this.run && this.run.execution_claim.lease_expires_at_ms > this.atMs + 1;
    const applied = message !== undefined && this.apply({ type: 'claim', claim, queued_version: message });
    holds(!(applied && standing), 'a claim that stands is not taken over', () => claim);
    return applied;
  }

  /** An attempt ends as the result says, and the outside world knows what is true of it. */
  finish(work: WorkRef, attempt: number, result: NodeResult): boolean {
    const progress = this.run.checkpoint.in_progress[workKey(work)];
    const isOwn = progress?.attempt === attempt && progress.lease_epoch === this.run.execution_claim_epoch;
    const effect = progress?.effect;
    const applied = this.apply({ type: 'finish_node', ...work, attempt, result });
    holds(!applied || isOwn, 'an attempt is finished under the claim that began it', () => work);
    if (applied && effect && result.kind === 'failed' && result.effect === 'unknown') this.effects.lost(effect);
    if (applied && effect && result.kind === 'failed' && result.effect === 'not_sent') this.effects.notSent(effect);
    if (applied && effect && result.kind === 'failed' && result.effect === 'answered') this.effects.answered(effect.idempotency_key);
    return applied;
  }

  start(work: WorkRef): boolean {
    const action = flowGraph(this.definition).nodes.get(work.node_id)?.action;
    const mode = action?.kind === 'http' ? { mode: action.idempotency === 'safe' || action.idempotency === 'none' ? action.idempotency : ('keyed' as const) } : {};
    return this.apply({ type: 'start_node', ...work, ...mode });
  }

  /** An operator's word: sending an effect again, whose outcome nobody knew, is their decision. */
  operate(command: OperatorCommandOfRun): boolean {
    const known = this.events.length;
    const applied = this.apply(command);
    for (const event of this.events.slice(known)) {
      if (event.event_type !== 'node_effect_reconciled') continue;
      if (event.data.outcome === 'retry') this.effects.sendAgain(event.data.effect_id);
      if (event.data.outcome === 'failed') this.effects.answered(event.data.effect_id);
    }
    if (applied) this.effects.goOn();
    return applied;
  }

  /** What was asked to be retried is sent again under its key, on an operator's word. */
  recover(command: RecoveryCommand): boolean {
    const { status } = this.run;
    const before = recoveryOf(this.run).dead_letters;
    const known = this.events.length;
    const applied = this.apply(command);
    const driven = this.events.slice(known).flatMap((event) => (event.event_type === 'stateful_dead_letter_retry_requeued' ? [event.data] : []));
    holds(this.run.status === (driven.length === 0 ? status : 'queued'), 'recovery changes a run only when it drives it', () => command);
    holds(driven.length === 0 || status === 'failed' || status === 'blocked', 'only failed and blocked runs are driven', () => status);
    for (const { kept_nodes } of driven) {
      for (const { node_id, effect_id } of Object.values(before)) if (kept_nodes.includes(node_id) && effect_id !== undefined) this.effects.sendAgain(effect_id);
    }
    if (applied) this.effects.goOn();
    return applied;
  }

  /** The child's id derives from what asks for it, so that asking again asks for the same one. */
  waitForChild(work: WorkRef, attempt: number): boolean {
    if (flowGraph(this.definition).nodes.get(work.node_id)?.action?.kind !== 'automation') return false;
    const generation = this.run.checkpoint.node_generations[work.node_id] ?? 0;
    return this.apply({ type: 'wait_for_child', ...work, attempt, child_run_id: `child-${work.node_id}-${work.item ?? 'all'}-${generation}-${attempt}` });
  }

  /** An attempt asks a person, as its action says; false for every other kind. */
  ask(work: WorkRef, attempt: number): boolean {
    const action = flowGraph(this.definition).nodes.get(work.node_id)?.action;
    const request = action === undefined ? undefined : requestOf(action);
    return request !== undefined && this.apply({ type: 'ask_person', ...work, attempt, ...request });
  }

  #record(events: readonly RunEvent[]): void {
    for (const event of events) {
      const recorded = { ...event, recorded_at_ms: this.atMs };
      this.events.push(recorded);
      this.#state = evolveRun(this.#state, recorded);
    }
    this.waitIds.push(...(this.#state?.checkpoint.open_waits ?? []).map(({ wait_id }) => wait_id).filter((id) => !this.waitIds.includes(id)));
    const opening = this.#state?.checkpoint.awaiting_gate?.gate_opening_id;
    if (opening !== undefined && !this.openings.includes(opening)) this.openings.push(opening);
  }

  /** The commit that leaves the run queued is the one message that counts from now on. */
  #queue(): void {
    holds(this.run.queued_at_version <= this.run.version, 'the newest queue message counts');
    holds(this.messages.every((older) => older < this.run.queued_at_version), 'older queue messages are stale', () => this.messages);
    this.messages.push(this.run.version);
  }
}
