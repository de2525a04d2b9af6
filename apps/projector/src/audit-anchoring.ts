import type { AuditAnchors, AuditKeys, KeptAnchor } from '@cs/eventing';
import type { Logger } from '@cs/platform';
import { signAnchor, type AuditHead, type AuditHeadList, type RowChanges, type TenantKey } from '@cs/read-models';
import { setTimeout as delay } from 'node:timers/promises';

export interface AnchoringOptions {
  readonly anchors: AuditAnchors;
  readonly store: AuditHeadList;
  readonly auditKeys: AuditKeys;
  readonly clock: () => number;
  readonly logger: Logger;
  /** A chain that grew is anchored after so long, in ms. */
  readonly intervalMs: number;
  /** And after so many records. */
  readonly records: number;
  /** Told when a chain in the database is another one than was anchored. */
  readonly onMismatch: () => void;
}

/** One record of a chain. */
type Point = TenantKey & Pick<AuditHead, 'seq' | 'record_hash'>;

interface Waiting {
  head: Point;
  readonly sinceSeq: number;
  readonly sinceMs: number;
  /** Where a key took over from another: anchored at once. */
  readonly boundaries: Point[];
}

const tickMs = 500;
const headsAtATime = 500;
/** Tenants that may wait; beyond that all are anchored at once. */
const mostWaiting = 10_000;

const textOf = ({ org_id, workspace_id, deployment_id }: TenantKey): string => `${org_id}\u0000${workspace_id}\u0000${deployment_id}`;
const pointOf = ({ org_id, workspace_id, deployment_id, seq, record_hash }: Point): Point => ({ org_id, workspace_id, deployment_id, seq, record_hash });

/** The first records of segments, each with the record before it, which it names. */
const boundariesOf = (records: RowChanges['audit_records']): readonly Point[] =>
  records.filter(({ segment_start, seq }) => segment_start === seq).flatMap((record) => [
    ...(record.prev_hash === null ? [] : [{ ...pointOf(record), seq: record.seq - 1, record_hash: record.prev_hash }]), pointOf(record),
  ]);

/**
 * Anchors the audit chains that the projector has written: each once it grew for a while or by many records,
 * at every change of the key, and what was left unanchored when it starts. Repeating an anchor adds nothing;
 * one that could not be written is tried again.
 */
export class AuditAnchoring {
  readonly #options: AnchoringOptions;
  #waiting = new Map<string, Waiting>();

  constructor(options: AnchoringOptions) {
    this.#options = options;
  }

  /** Takes what a committed transaction wrote. */
  observe({ audit_heads, audit_records }: Pick<RowChanges, 'audit_heads' | 'audit_records'>): void {
    for (const head of audit_heads) this.#note(head).head = pointOf(head);
    for (const boundary of boundariesOf(audit_records)) this.#note(boundary).boundaries.push(boundary);
  }

  /** Anchors until the signal aborts, then once more what waits. */
  async run(signal: AbortSignal): Promise<void> {
    let caughtUp = false;
    while (!signal.aborted) {
      caughtUp ||= await this.#tolerate(() => this.#catchUp(signal));
      await this.#tolerate(() => this.#anchorDue(false));
      await delay(tickMs, undefined, { signal }).catch(() => undefined);
    }
    await this.#tolerate(() => this.#anchorDue(true));
  }

  #note(point: Point): Waiting {
    const key = textOf(point);
    const waiting = this.#waiting.get(key) ?? { head: pointOf(point), sinceSeq: point.seq, sinceMs: this.#options.clock(), boundaries: [] };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  async #tolerate(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'audit chains could not be anchored; it is tried again');
      return false;
    }
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    let after: TenantKey | undefined;
    for (;;) {
      const heads: readonly AuditHead[] = await this.#options.store.auditHeads(after, headsAtATime);
      for (const head of heads) if (!signal.aborted) await this.#anchor([head]);
      after = heads.at(-1);
      if (heads.length < headsAtATime || signal.aborted) return;
    }
  }

  #isDue({ head, sinceSeq, sinceMs, boundaries }: Waiting): boolean {
    const { records, intervalMs, clock } = this.#options;
    return boundaries.length > 0 || head.seq - sinceSeq + 1 >= records || clock() - sinceMs >= intervalMs;
  }

  async #anchorDue(all: boolean): Promise<void> {
    const everyone = all || this.#waiting.size > mostWaiting;
    for (const [key, waiting] of [...this.#waiting]) {
      if (!everyone && !this.#isDue(waiting)) continue;
      this.#waiting.delete(key);
      await this.#anchor([...waiting.boundaries, waiting.head].sort((a, b) => a.seq - b.seq)).catch((error: unknown) => {
        this.#putBack(key, waiting);
        throw error;
      });
    }
  }

  #putBack(key: string, waiting: Waiting): void {
    const newer = this.#waiting.get(key);
    this.#waiting.set(key, { ...waiting, head: newer?.head ?? waiting.head, boundaries: [...waiting.boundaries, ...(newer?.boundaries ?? [])] });
  }

  /** Points of one tenant, ascending. */
  async #anchor(points: readonly Point[]): Promise<void> {
    for (const point of points) {
      const last = await this.#options.anchors.last(point);
      if (last === undefined || point.seq > last.anchor.seq) await this.#append(point, last);
      else if (point.seq === last.anchor.seq && point.record_hash !== last.anchor.record_hash) this.#mismatch(point);
    }
  }

  /** Whoever else adds an anchor meanwhile has seen as much of the same log: then there is nothing to add. */
  async #append(point: Point, last: KeptAnchor | undefined): Promise<void> {
    const { anchors, auditKeys, clock } = this.#options;
    const anchor = signAnchor({ ...pointOf(point), anchored_at_ms: clock(), count: (last?.anchor.count ?? 0) + 1, key_id: auditKeys.first?.key_id ?? null }, auditKeys);
    await anchors.append(anchor, last?.place ?? 0);
  }

  #mismatch(point: Point): void {
    const { org_id, workspace_id, deployment_id, seq } = point;
    this.#options.onMismatch();
    this.#options.logger.error({ org_id, workspace_id, deployment_id, seq }, 'the audit chain in the database is another one than was anchored: verify it');
  }
}
