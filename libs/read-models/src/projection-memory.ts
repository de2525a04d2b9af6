import type { RunState } from '@cs/automation-domain';
import { parseLogSubject, type AggregateRef } from '@cs/contracts';
import type { Loaded, LogEntry, StoredCommit } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import type { AuditHead } from './audit-chain.js';
import { RecentlyUsed } from './recently-used.js';
import type { RunPart } from './run-parts.js';
import type { TenantKey, WorkspaceKey } from './tenant-key.js';
import { eventsOf } from './typed-events.js';

/** A run in its workspace. */
export interface RunKey extends WorkspaceKey {
  readonly run_id: string;
}

/** What a batch needs and the memory does not hold. */
export interface Missing {
  readonly runs: readonly RunKey[];
  readonly workspaces: readonly WorkspaceKey[];
}

/** What the projections hold of it: runs and chains that are not there do not exist. */
export interface Remembered {
  readonly runs: readonly { readonly loaded: Loaded<RunState>; readonly bytes: number; readonly parts: readonly RunPart[] }[];
  readonly heads: readonly AuditHead[];
  /** The key that signs the audit; `null` while none does. */
  readonly audit_key_id: string | null;
}

const runKeyText = ({ org_id, workspace_id, run_id }: RunKey): string => `${org_id}.${workspace_id}.${run_id}`;
const workspaceText = ({ org_id, workspace_id }: WorkspaceKey): string => `${org_id}.${workspace_id}`;
const tenantText = (tenant: TenantKey): string => `${workspaceText(tenant)}.${tenant.deployment_id}`;

const runKeyOf = ({ org_id, workspace_id, id }: AggregateRef): RunKey => ({ org_id, workspace_id, run_id: id });

const refusedRun = (stored: StoredCommit): string | undefined => eventsOf('gate_refusal', stored).find((event) => event.event_type === 'gate_decision_refused')?.data.run_id;
const deliveredRun = (stored: StoredCommit): string | undefined => eventsOf('delivery', stored).find((event) => event.event_type === 'delivery_requested')?.data.run_id;

/** A dead letter's subject may be in the log: then it says which run it concerns. */
const parkedRun = (stored: StoredCommit): RunKey | undefined => {
  const [event] = eventsOf('dead_letter', stored);
  const letter = event?.event_type === 'dead_letter_opened' ? event.data : event?.data.letter;
  const subject = parseLogSubject(letter?.subject ?? '');
  return subject?.ref.aggregate === 'run' ? runKeyOf(subject.ref) : undefined;
};

const inWorkspace = ({ org_id, workspace_id }: WorkspaceKey, run_id: string | undefined): RunKey | undefined => (run_id === undefined ? undefined : { org_id, workspace_id, run_id });

/** The run that an entry is about: its own, or the one that its tenant's deployment is known from. */
export const runNamedBy = ({ ref, stored }: Pick<LogEntry, 'ref' | 'stored'>): RunKey | undefined => {
  if (ref.aggregate === 'run') return runKeyOf(ref);
  if (stored === undefined) return undefined;
  if (ref.aggregate === 'gate_refusal') return inWorkspace(ref, refusedRun(stored));
  if (ref.aggregate === 'delivery') return inWorkspace(ref, deliveredRun(stored));
  return ref.aggregate === 'dead_letter' ? parkedRun(stored) : undefined;
};

/** A run's first commit says that there was nothing before it. */
const isFirst = ({ ref, stored }: LogEntry): boolean => ref.aggregate === 'run' && stored !== undefined && stored.commit.version === stored.commit.events.length;

/**
 * What the projector keeps between batches: folded runs and the heads of the audit chains. It is
 * ahead of the database by what is being written, and is thrown away when a write fails.
 */
export class ProjectionMemory {
  readonly #runs: RecentlyUsed<Loaded<RunState>>;
  readonly #heads = new Map<string, AuditHead>();
  readonly #workspaces = new Set<string>();
  /** Of these runs: what has its row already. */
  readonly #parts = new WeakSet<readonly Json[]>();
  #auditKeyId: string | null | undefined;

  /** `maxRuns` and `maxBytes` must hold the runs of two batches: one that is being written and one that is being projected. */
  constructor({ maxRuns, maxBytes }: { readonly maxRuns: number; readonly maxBytes: number }) {
    this.#runs = new RecentlyUsed({ maxEntries: maxRuns, maxWeight: maxBytes });
  }

  missing(entries: readonly LogEntry[]): Missing {
    const runs = new Map<string, RunKey>();
    const workspaces = new Map<string, WorkspaceKey>();
    const created = new Set<string>();
    for (const entry of entries) {
      if (!this.#workspaces.has(workspaceText(entry.ref))) workspaces.set(workspaceText(entry.ref), entry.ref);
      const run = runNamedBy(entry);
      if (run === undefined) continue;
      const text = runKeyText(run);
      if (isFirst(entry)) created.add(text);
      else if (!this.#runs.has(text) && !created.has(text)) runs.set(text, run);
    }
    return { runs: [...runs.values()], workspaces: [...workspaces.values()] };
  }

  remember({ workspaces }: Missing, { runs, heads, audit_key_id }: Remembered): void {
    // What is projected here may be ahead of what is stored.
    this.#auditKeyId ??= audit_key_id;
    for (const { loaded, bytes, parts } of runs) {
      this.setRun(loaded, bytes);
      for (const { values } of parts) this.#parts.add(values);
    }
    for (const head of heads) this.setHead(head);
    for (const workspace of workspaces) this.#workspaces.add(workspaceText(workspace));
  }

  run(key: RunKey): Loaded<RunState> | undefined {
    return this.#runs.get(runKeyText(key));
  }

  /** Keeps a run; `bytes` is what it grew by. */
  setRun(loaded: Loaded<RunState>, bytes: number): void {
    const text = runKeyText(runKeyOf(loaded.ref));
    this.#runs.set(text, loaded, this.#runs.weightOf(text) + bytes);
  }

  /** Whether a part of a run has no row yet; from now on it has one. */
  isNewPart(values: readonly Json[]): boolean {
    if (this.#parts.has(values)) return false;
    this.#parts.add(values);
    return true;
  }

  head(tenant: TenantKey): AuditHead | undefined {
    return this.#heads.get(tenantText(tenant));
  }

  setHead(head: AuditHead): void {
    this.#heads.set(tenantText(head), head);
  }

  /** The key that signs the audit at this place of the log; `null` for none. */
  get auditKeyId(): string | null {
    return this.#auditKeyId ?? null;
  }

  setAuditKeyId(keyId: string): void {
    this.#auditKeyId = keyId;
  }

  trim(): void {
    this.#runs.trim();
  }
}
