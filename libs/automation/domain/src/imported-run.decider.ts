import { accept, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { GovernanceActor, ImportedEntry, ImportedRunEvent, ImportedRunHeader, TenantContext } from '@cs/contracts';
import { importedStatus } from './imported-status.js';

/** Ids that an imported run may have: it is loaded whole at each import. */
export const maxImportedIds = 20_000;

/** An imported run; `undefined` before its first import. */
export type ImportedRunState =
  | {
      readonly header: ImportedRunHeader;
      readonly tenant_context: TenantContext;
      readonly last_seq: number;
      /** The newest entry. */
      readonly last: { readonly status: string; readonly event: string } | null;
      /** Every id under which an entry is known. */
      readonly known: readonly string[];
    }
  | undefined;

/** An entry that is offered, with every id under which it may be known already. */
export interface OfferedEntry extends Omit<ImportedEntry, 'status'> {
  /** Status after it, where the sender says so. */
  readonly status: string | null;
  readonly aliases: readonly string[];
}

export interface ImportHistory {
  readonly header: ImportedRunHeader;
  readonly tenant_context: TenantContext;
  readonly entries: readonly OfferedEntry[];
  /** Ids that the other system has compacted. */
  readonly compacted: readonly string[];
  /** The header says what the run was right after the last entry. */
  readonly isCurrent: boolean;
  readonly imported_by: GovernanceActor;
}

export type ImportRefusal = Refusal<'RUN_IMPORT_NOT_THIS_RUN' | 'RUN_IMPORT_TOO_LONG'>;

interface Known {
  readonly known: ReadonlySet<string>;
  readonly entries: readonly OfferedEntry[];
  readonly ids: readonly string[];
}

/** What is new. An entry that is known under any of its ids makes its other ids known. */
const newOf = ({ entries, compacted }: ImportHistory, state: ImportedRunState): Known => {
  const known = new Set(state?.known ?? []);
  const ids: string[] = [];
  const add = (id: string): void => {
    if (known.has(id)) return;
    known.add(id);
    ids.push(id);
  };
  compacted.forEach(add);
  const fresh = entries.filter((entry) => {
    const all = [entry.event_id, ...entry.aliases];
    const isNew = !all.some((id) => known.has(id));
    all.forEach(add);
    return isNew;
  });
  return { known, entries: fresh, ids };
};

/** The status after each entry: as said, else as its kind leads to. */
const recorded = (entries: readonly OfferedEntry[], { header, isCurrent, entries: offered }: ImportHistory, before: string | undefined): readonly ImportedEntry[] => {
  const newestId = isCurrent ? offered.at(-1)?.event_id : undefined;
  let status = before;
  return entries.map(({ aliases: _aliases, ...entry }): ImportedEntry => {
    const current = entry.event_id === newestId ? header.status : undefined;
    status = entry.status ?? current ?? importedStatus(entry.event, status);
    return { ...entry, status };
  });
};

/** An older record of the run does not replace a newer one. */
const newest = (header: ImportedRunHeader, state: ImportedRunState): ImportedRunHeader => (state !== undefined && state.header.updated_at_ms >= header.updated_at_ms ? state.header : header);

const refusalOf = ({ header, tenant_context }: ImportHistory, state: ImportedRunState, known: ReadonlySet<string>): ImportRefusal | undefined => {
  if (known.size > maxImportedIds) return { code: 'RUN_IMPORT_TOO_LONG', message: `the history would have more than ${maxImportedIds} ids`, details: { run_id: header.run_id } };
  if (state === undefined) return undefined;
  const isSame = state.header.automation_id === header.automation_id && state.tenant_context.deployment_id === tenant_context.deployment_id;
  return isSame ? undefined : { code: 'RUN_IMPORT_NOT_THIS_RUN', message: `"${header.run_id}" was imported as a run of another automation`, details: { run_id: header.run_id } };
};

type New = Pick<ReturnType<typeof newOf>, 'entries' | 'ids'> & Pick<NonNullable<ImportedRunState>, 'header' | 'last' | 'last_seq'>;

const importedEvent = (command: ImportHistory, { header, entries, ids, last, last_seq }: New): ImportedRunEvent => {
  const ofEntries = new Set(entries.map(({ event_id }) => event_id));
  return {
    event_type: 'run_history_imported',
    data: {
      run_id: header.run_id, automation_id: header.automation_id, tenant_context: command.tenant_context, run: header, entries: recorded(entries, command, last?.status), entry_count: entries.length,
      first_seq: last_seq + 1, before: last, known_ids: ids.filter((id) => !ofEntries.has(id)), imported_by: command.imported_by,
    },
  };
};

/** Records what is new of a history. Nothing new, nothing recorded: however often and in whatever parts it is sent. */
export const decideImport = (command: ImportHistory, state: ImportedRunState): Decision<ImportedRunEvent, ImportRefusal> => {
  const { known, entries, ids } = newOf(command, state);
  const refusal = refusalOf(command, state, known);
  if (refusal !== undefined) return refuse(refusal);
  const header = newest(command.header, state);
  if (entries.length === 0 && ids.length === 0 && header === state?.header) return accept();
  const { last, last_seq } = state ?? { last: null, last_seq: 0 };
  return accept(importedEvent(command, { header, entries, ids, last, last_seq }));
};

export const evolveImportedRun = (state: ImportedRunState, { data }: ImportedRunEvent): ImportedRunState => {
  const last = data.entries.at(-1);
  return {
    header: data.run, tenant_context: data.tenant_context, last_seq: (state?.last_seq ?? 0) + data.entries.length,
    last: last === undefined ? (state?.last ?? null) : { status: last.status, event: last.event },
    known: [...(state?.known ?? []), ...data.entries.map(({ event_id }) => event_id), ...data.known_ids],
  };
};
