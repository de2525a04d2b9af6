import type { Run } from '@cs/contracts';
import type { RunPart } from './run-parts.js';
import type { TenantKey } from './tenant-key.js';

export interface RunRow extends TenantKey {
  readonly run_id: string;
  readonly automation_id: string;
  readonly status: string;
  readonly stateful_status: string;
  readonly phase: string;
  readonly stop_kind: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly finished_at_ms: number | null;
  readonly version: number;
  /** Log position of the newest commit that the row includes. */
  readonly position: number;
  readonly record: Run;
  /** What of the record stands beside it. */
  readonly parts: readonly RunPart[];
}
