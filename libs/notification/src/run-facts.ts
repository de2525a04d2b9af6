import { governanceActorSchema, type AggregateRef, type GovernanceActor } from '@cs/contracts';
import type { EventStore, StoredCommit } from '@cs/eventing';
import { toPosition, type Position } from '@cs/kernel';
import { z } from 'zod';

/** What cards say of a run beside what happened to it. It is the same as long as the run lives. */
export interface RunFacts {
  readonly automation_id: string;
  /** As people named the automation when the run began; absent where the log does not say. */
  readonly automation_name?: string | undefined;
  readonly requested_by?: GovernanceActor | undefined;
}

const foundingSchema = z.object({ automation_id: z.string(), requested_by: governanceActorSchema, workflow_definition_snapshot_hash: z.string() });
type Founding = z.infer<typeof foundingSchema>;

const foundingIn = ({ commit }: StoredCommit): Founding | undefined =>
  foundingSchema.safeParse(commit.events.find(({ event_type }) => event_type === 'run_created')?.data ?? commit.state?.value).data;

/** In the state that the commit carries, or the next one before it that does: mostly the commit itself. */
const foundingOf = async (store: EventStore, position: Position): Promise<Founding | undefined> => {
  let stored = await store.at(position);
  while (stored !== undefined) {
    const founding = foundingIn(stored);
    if (founding !== undefined || stored.commit.previous === 0) return founding;
    stored = await store.at(toPosition(stored.commit.previous));
  }
  return undefined;
};

const storedDefinitionSchema = z.object({ definition: z.object({ name: z.string() }) });

/** The name that the definition of the run gives its automation. */
const nameOf = async (store: EventStore, { org_id, workspace_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'>, { workflow_definition_snapshot_hash: hash }: Founding): Promise<string | undefined> => {
  const stored = await store.last({ org_id, workspace_id, aggregate: 'definition', id: hash.replace('sha256:', '') });
  return storedDefinitionSchema.safeParse(stored?.commit.events[0]?.data).data?.definition.name;
};

/** The facts of the run whose published event stands at a position of the log. */
export const runFacts = async (store: EventStore, about: Pick<AggregateRef, 'org_id' | 'workspace_id'> & { readonly event_id: string; readonly position: Position }): Promise<RunFacts> => {
  const [origin, founding] = await Promise.all([store.at(about.position), foundingOf(store, about.position)]);
  const automation_id = founding?.automation_id ?? origin?.commit.events.find((event) => event.event_id === about.event_id)?.correlation_id ?? 'unknown';
  return founding === undefined ? { automation_id } : { automation_id, automation_name: await nameOf(store, about, founding), requested_by: founding.requested_by };
};
