import { createHash } from 'node:crypto';
import { InMemoryEventStore, type Eventing } from '@cs/eventing';
import type { CallContext, GovernanceActor, Run, TenantContext } from '@cs/contracts';
import type { Json, Refusal, Result } from '@cs/kernel';
import { loadAggregate } from '@cs/eventing';
import jsonata from 'jsonata';
import { DefinitionLibrary } from './definition-library.js';
import { ExpressionError, type ExpressionEvaluator } from './expression.port.js';
import { runAggregate } from './run.aggregate.js';

const asError = (cause: unknown, expression: string): ExpressionError =>
  new ExpressionError(typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : String(cause), expression);

/** JSONata without bounds, which tests do not need. */
export const evaluator: ExpressionEvaluator = {
  evaluate: async (expression, scope) => {
    try {
      const value: unknown = await jsonata(expression).evaluate(scope);
      return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as Json);
    } catch (cause) {
      throw asError(cause, expression);
    }
  },
  check: (expression) => {
    try {
      jsonata(expression);
      return undefined;
    } catch (cause) {
      return asError(cause, expression);
    }
  },
};

export const ada: GovernanceActor = { kind: 'human', actor_id: 'ada', source: 'test' };
export const tenant: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' };
export const callBy = (actor: GovernanceActor = ada, of: Partial<TenantContext> = {}): CallContext => ({ tenant: { ...tenant, ...of }, actor, correlation_id: 'call-1' });

/** The write side over the log in memory; its clock stands until a test moves it. */
export class InMemoryApplication {
  readonly store = new InMemoryEventStore();
  now = 1_000_000;
  readonly eventing: Eventing = { store: this.store, clock: () => this.now, digest: (text) => createHash('sha256').update(text).digest('hex') };
  readonly definitions = new DefinitionLibrary(this.eventing);
  readonly evaluator = evaluator;
  #ids = 0;
  readonly newId = (): string => `id-${(this.#ids += 1)}`;

  async run(run_id: string): Promise<Run> {
    const { state } = await loadAggregate({ store: this.store, aggregate: runAggregate }, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id });
    if (state === undefined) throw new Error(`no run ${run_id}`);
    return state;
  }

  /** Commits of one kind of aggregate. */
  commits(aggregate: string): readonly string[] {
    return this.store.all().filter(({ ref }) => ref.aggregate === aggregate).map(({ commit }) => commit.events.map(({ event_type }) => event_type).join(' '));
  }
}

export const valueOf = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};

export const refusalOf = (result: Result<unknown>): Refusal => {
  if (result.ok) throw new Error('it was accepted');
  return result.refusal;
};

/** `[path, code]` of every problem that a refusal lists. */
export const problemsOf = (result: Result<unknown>): readonly (readonly [unknown, unknown])[] => {
  const problems = refusalOf(result).details?.['problems'];
  if (!Array.isArray(problems)) throw new Error(JSON.stringify(refusalOf(result)));
  return problems.map(({ path, code }: { path: unknown; code: unknown }) => [path, code] as const);
};

const node = (node_id: string, depends_on: readonly string[], work: Record<string, Json>): Json => ({ node_id, objective: node_id, depends_on, ...work });
/** Nodes as a client writes them. */
export const nodes = {
  transform: (node_id: string, expression: string, depends_on: readonly string[] = []): Json => node(node_id, depends_on, { action: { kind: 'transform', expression } }),
  http: (node_id: string, extra: Record<string, Json> = {}, depends_on: readonly string[] = []): Json => node(node_id, depends_on, { action: { kind: 'http', method: 'POST', url: `http://peer/${node_id}`, ...extra } }),
  gate: (node_id: string, depends_on: readonly string[] = [], extra: Record<string, Json> = {}): Json => node(node_id, depends_on, { gate: { required: true }, ...extra }),
  timer: (node_id: string, delay_ms = 1000, depends_on: readonly string[] = []): Json => node(node_id, depends_on, { wait: { kind: 'timer', delay_ms } }),
};

export const automation = (flow: readonly Json[], extra: Record<string, Json> = {}): Record<string, Json> => ({ automation_id: 'refunds', name: 'Refunds', status: 'active', flow: { nodes: flow }, ...extra });
