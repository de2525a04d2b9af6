import type { Position } from '@cs/kernel';
import type { Missing, Remembered } from './projection-memory.js';
import type { AuditHead } from './audit-chain.js';
import type { ArchiveRow, RowChanges } from './row-changes.js';
import type { TenantKey } from './tenant-key.js';

/** Someone else moved the position: this projector was replaced, or has to look where it stands. */
export class ProjectionFencedError extends Error {
  override readonly name = 'ProjectionFencedError';
}

/** The store cannot take these rows, whenever they are offered again. */
export class RowsRefusedError extends Error {
  override readonly name = 'RowsRefusedError';
}

/** How far projecting and publishing are. */
export interface Progress {
  readonly projected: Position;
  /** Commits up to here are in the published stream; it may be further. */
  readonly published: Position;
}

/** The write side of the projections. */
export interface ProjectionStore {
  progress(): Promise<Progress>;
  load(missing: Missing): Promise<Remembered>;
  /**
   * Writes the changes and the new position in one transaction, if the position is still `after`.
   * Throws `ProjectionFencedError` if it is not, `RowsRefusedError` if the rows cannot be stored, and
   * anything else when the outcome is unknown: read the progress and go on from there.
   */
  write(changes: RowChanges, options: { readonly after: Position; readonly published: Position }): Promise<void>;
  /** Remembers that commits up to here are in the published stream, when no write says so soon. */
  markPublished(published: Position): Promise<void>;
  /** Archived commits from a position on (inclusive), in order, at most `limit`. */
  archived(from: Position, limit: number): Promise<readonly ArchiveRow[]>;
}

/** Reads the heads of audit chains. */
export interface AuditHeadList {
  /** In the order of tenants, behind a tenant, at most `limit`. */
  auditHeads(after: TenantKey | undefined, limit: number): Promise<readonly AuditHead[]>;
}
