import { runAggregate } from '@cs/automation-application';
import { statefulStatus, type RunState } from '@cs/automation-domain';
import { cloudEventTypePrefix, runEvents, type EventTable, type PhaseTransition, type Run, type StatefulSnapshot } from '@cs/contracts';
import { unwritten, type Digest, type Loaded, type LogEntry, type StoredCommit } from '@cs/eventing';
import { canonicalJson, JsonText, noPosition } from '@cs/kernel';
import { checkpointSummary } from './checkpoint-summary.js';
import { foldRunCommit, withoutState } from './fold-run-commit.js';
import { allowedNextPhases, phaseAfter } from './phase-machine.js';
import type { SnapshotEvent } from './snapshot-queries.port.js';
import type { TenantKey } from './tenant-key.js';

const catalogue: EventTable = runEvents;

/** Steps of the phase that one snapshot shows. */
export const shownTransitions = 100;

const firstSeqOf = ({ commit }: StoredCommit): number => commit.version - commit.events.length + 1;
const carriesState = ({ commit }: StoredCommit): boolean => commit.state?.version === runAggregate.stateVersion;

/** Whether folding these commits leads to the run as of `seq`: they begin with its first, or one that carries the state comes before it. */
export const leadTo = (entries: readonly LogEntry[], seq: number): boolean =>
  entries.some(({ stored }) => stored !== undefined && (firstSeqOf(stored) === 1 || (carriesState(stored) && stored.commit.version < seq)));

interface Fold {
  readonly loaded: Loaded<RunState>;
  /** The run right after each of the commit's events, or only after its last. */
  readonly after: readonly RunState[];
}

/** One commit on, event by event; where a commit is missing in between, what this one carries is all that is known. */
const foldNext = (loaded: Loaded<RunState>, stored: StoredCommit, isBase: boolean): Fold => {
  const isNext = stored.commit.previous === loaded.position;
  const { folded, steps } = foldRunCommit(loaded, isNext && !isBase ? withoutState(stored) : stored);
  return { loaded: folded.state === undefined ? { ...folded, position: noPosition } : folded, after: steps.length === 0 ? [folded.state] : steps };
};

/**
 * The run right after each of its events from `from_seq` on, by `seq`. Only the state that a commit before
 * `from_seq` carries is taken for granted; what lies between comes from folding.
 */
export const runsAfterEvents = (entries: readonly LogEntry[], from_seq: number): ReadonlyMap<number, Run> => {
  const commits = entries.flatMap(({ stored }) => (stored === undefined ? [] : [stored]));
  const base = commits.findLastIndex((stored) => carriesState(stored) && stored.commit.version < from_seq);
  const path = commits.slice(Math.max(base, 0));
  const runs = new Map<number, Run>();
  let loaded = path[0] === undefined ? undefined : unwritten(runAggregate, path[0].ref);
  for (const [index, stored] of path.entries()) {
    if (loaded === undefined) break;
    const next = foldNext(loaded, stored, index === 0 && base >= 0);
    loaded = next.loaded;
    const before = stored.commit.version - next.after.length;
    for (const [offset, run] of next.after.entries()) if (run !== undefined) runs.set(before + 1 + offset, run);
  }
  return runs;
};

export interface SnapshotParts {
  readonly tenant: TenantKey;
  readonly run: Run;
  readonly event: SnapshotEvent;
  /** Steps of the phase so far. */
  readonly transitions: readonly PhaseTransition[];
  readonly digest: Digest;
}

type WithoutDocuments = Omit<StatefulSnapshot, 'phase_history' | 'checkpoint' | 'payload_digest'>;

/** A snapshot but for its documents. */
export const describeSnapshot = ({ tenant, run, event }: Pick<SnapshotParts, 'tenant' | 'run' | 'event'>): WithoutDocuments => {
  const type = event.event_type.slice(cloudEventTypePrefix.length);
  const status = statefulStatus(run);
  const phase = phaseAfter(status, type);
  return {
    schema_version: 1, snapshot_id: event.event_id, run_id: run.run_id, seq: event.seq, created_at_ms: event.occurred_at_ms,
    scope: { schema_version: 1, tenant_context: { org_id: tenant.org_id, workspace_id: tenant.workspace_id, deployment_id: tenant.deployment_id === '' ? null : tenant.deployment_id } },
    status, phase, allowed_next_phases: allowedNextPhases(phase), phase_id: event.phase_id, source_record_kind: 'automation_v2',
    workflow_definition_version: run.workflow_definition_version, workflow_definition_snapshot_hash: run.workflow_definition_snapshot_hash,
    metadata: {
      source: 'automation_v2_lifecycle', event_id: event.event_id, event: type, lifecycle_index: event.seq - 1, redaction_tier: 'summary', activity_boundary: catalogue[type]?.activity !== false,
    },
  };
};

/** What the run was right after the event (domain 7.1 and 7.4): its status and its checkpoint are those of that time. */
export const toSnapshot = ({ transitions, digest, ...parts }: SnapshotParts): StatefulSnapshot => {
  const checkpoint = checkpointSummary(parts.run);
  return { ...describeSnapshot(parts), phase_history: transitions.slice(-shownTransitions), checkpoint, payload_digest: `sha256:${digest(canonicalJson(checkpoint))}` };
};

/** A snapshot as it is sent, and what others say of it. */
export interface WrittenSnapshot extends Pick<StatefulSnapshot, 'snapshot_id' | 'seq' | 'status' | 'phase' | 'created_at_ms'> {
  readonly json: JsonText<StatefulSnapshot>;
}

export const writeSnapshot = (snapshot: StatefulSnapshot): WrittenSnapshot => ({ ...snapshot, json: new JsonText(JSON.stringify(snapshot)) });
