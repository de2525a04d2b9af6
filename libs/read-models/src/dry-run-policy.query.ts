import { judgeBy, type EffectJudge, type PolicyVersion } from '@cs/automation-application';
import { unjudgedVersion, type PolicyChange, type PolicyDecisionRecord, type PolicyDryRun, type PolicyJudgement } from '@cs/contracts';
import { encodeCursor, type PageKey } from './page-key.js';
import type { PolicyQueries } from './policy-queries.port.js';
import type { Reader } from './tenant-key.js';

/** Decisions that are read at a time, and in one request: a judgement takes a fraction of a millisecond of its process. */
const pageSize = 250;
const maxRead = 5_000;

/** What is judged again, and by what. */
export interface DryRunRequest {
  readonly candidate: PolicyVersion;
  readonly since_ms: number;
  readonly until_ms: number;
  readonly automation_id?: string | undefined;
  /** Changes that are listed at most. */
  readonly limit: number;
  /** Where an earlier request came to. */
  readonly after?: PageKey | undefined;
}

interface DryRunOptions {
  readonly queries: PolicyQueries;
  readonly judge: EffectJudge;
}

const isSame = (before: PolicyJudgement, after: PolicyJudgement): boolean =>
  before.outcome === after.outcome && before.reason_code === after.reason_code && before.elevated === after.elevated && before.approver_role === after.approver_role;

/** Counts what comes out otherwise, kind by kind, and keeps the first of it. */
class Comparison {
  examined = 0;
  unchanged = 0;
  readonly items: PolicyChange[] = [];
  readonly #effects = new Set<string>();
  readonly #counts = new Map<string, PolicyDryRun['changes'][number]>();

  constructor(private readonly limit: number, private readonly judge: (decision: PolicyDecisionRecord) => PolicyJudgement) {}

  /** Decisions come newest first, so that the first of an effect is the one that held. */
  add(decision: PolicyDecisionRecord): void {
    if (decision.judgement.policy_version === unjudgedVersion || this.#effects.has(decision.effect_id)) return;
    this.#effects.add(decision.effect_id);
    this.examined += 1;
    const [before, after] = [decision.judgement, this.judge(decision)];
    if (isSame(before, after)) this.unchanged += 1;
    else this.#change(decision, before, after);
  }

  changes(): PolicyDryRun['changes'] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count);
  }

  #change({ decision_id, run_id, automation_id, node_id, created_at_ms }: PolicyDecisionRecord, before: PolicyJudgement, after: PolicyJudgement): void {
    const kind = { from: before.outcome, to: after.outcome, reason_code_from: before.reason_code, reason_code_to: after.reason_code };
    const key = Object.values(kind).join(' ');
    this.#counts.set(key, { ...kind, count: (this.#counts.get(key)?.count ?? 0) + 1 });
    if (this.items.length < this.limit) this.items.push({ decision_id, run_id, automation_id, node_id, created_at_ms, before, after });
  }
}

/** What a policy would have decided about effects that were judged already. Stores nothing. */
export const dryRunPolicy = async ({ queries, judge }: DryRunOptions, reader: Reader, request: DryRunRequest): Promise<PolicyDryRun> => {
  const { candidate, since_ms, until_ms, automation_id, limit } = request;
  const comparison = new Comparison(limit, ({ judged }) => judgeBy(judge, candidate, judged));
  let after = request.after;
  let hasMore = true;
  for (let read = 0; hasMore && read < maxRead; read += pageSize) {
    const { items, next } = await queries.policyDecisions(reader, { since_ms, until_ms, automation_id }, { limit: pageSize, ...(after === undefined ? {} : { after }) });
    for (const decision of items) comparison.add(decision);
    hasMore = next !== undefined;
    after = next;
  }
  return {
    examined: comparison.examined, unchanged: comparison.unchanged, changes: comparison.changes(), items: comparison.items, since_ms, until_ms,
    ...(hasMore && after !== undefined ? { next_cursor: encodeCursor(after) } : {}),
  };
};
