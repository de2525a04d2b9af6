import { z } from 'zod';
import { rpcMethod } from './rpc.js';

export interface DueSchedule {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly automation_id: string;
  readonly next_fire_at_ms: number;
}

/** Schedules of every tenant that should have fired: the safety net behind their timers. For services only. */
export const listDueSchedules = rpcMethod<{ schedules: readonly DueSchedule[] }>()(
  'cs.rpc.observability.schedules_due',
  z.object({ due_before_ms: z.int().nonnegative(), limit: z.int().min(1).max(1000).default(100) }),
);
