import type { AggregateRef } from '@cs/contracts';
import type { EventStore } from '@cs/eventing';
import { z } from 'zod';

const askingRunSchema = z.object({ checkpoint: z.object({ open_waits: z.array(z.object({ wait_id: z.string() })) }) });

/** Whether a run still waits for an answer. A run says what it waits for when it rests; one that is under way is taken to wait. */
export const stillAsks = async (store: EventStore, { org_id, workspace_id, run_id, request_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'> & { readonly run_id: string; readonly request_id: string }): Promise<boolean> => {
  const last = await store.last({ org_id, workspace_id, aggregate: 'run', id: run_id });
  if (last === undefined) return false;
  const { data } = askingRunSchema.safeParse(last.commit.state?.value);
  return data === undefined || data.checkpoint.open_waits.some(({ wait_id }) => wait_id === request_id);
};
