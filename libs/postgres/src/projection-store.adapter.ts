import { toPosition, type Position } from '@cs/kernel';
import {
  ProjectionFencedError, restoreRun, RowsRefusedError,
  type ArchiveRow, type AuditHead, type AuditHeadList, type Missing, type PartTexts, type Progress, type ProjectionStore, type Remembered, type RowChanges, type RunKey, type TenantKey,
} from '@cs/read-models';
import { readArchiveRow, type StoredArchiveRow } from './archive-rows.js';
import { ArrayParameters } from './array-parameters.js';
import { bulkInsert, writeRows, type BulkTable } from './bulk-table.js';
import { schema as liveSchema, type Database } from './database.js';
import { projectionTables } from './projection-tables.js';
import { partTexts, rowOfRun } from './run-part-columns.js';
import { refusesRows } from './sql-state.js';

type Kind = keyof typeof projectionTables;
const kinds = Object.keys(projectionTables) as Kind[];

/**
 * The whole batch is one statement, hence one round trip and one transaction: the position moves if it
 * is still where the writer thinks, and rows are written if it moved.
 */
const writeText = (schema: string, written: readonly Kind[]): string => {
  let parameter = 5;
  const inserts = written.map((kind) => {
    const insert = bulkInsert(projectionTables[kind] as BulkTable<never>, { schema, first: parameter, condition: 'exists (select from moved)' });
    parameter += Object.keys(projectionTables[kind].columns).length;
    return `write_${kind} as (${insert})`;
  });
  const moved = `moved as (
    update ${schema}.projection_position set projected = $1::bigint, published = greatest(published, $2::bigint)
    where name = 'main' and projected = $3::bigint and generation = $4::bigint returning 1)`;
  return `with ${[moved, ...inserts].join(',\n')}\nselect count(*) as moved from moved`;
};

const statements = new Map<string, { readonly name: string; readonly text: string }>();

/** A table without rows costs as much as one with a few, so each combination of tables has its own statement. */
const statementFor = (schema: string, written: readonly Kind[]): { readonly name: string; readonly text: string } => {
  // The server tells names apart by their first 63 characters.
  const combination = Number.parseInt(kinds.map((kind) => (written.includes(kind) ? '1' : '0')).join(''), 2).toString(36);
  const name = `write_${schema}_${combination}`;
  const known = statements.get(name) ?? { name, text: writeText(schema, written) };
  statements.set(name, known);
  return known;
};

const addRows = <Of extends Kind>(kind: Of, changes: RowChanges, parameters: ArrayParameters): void => {
  writeRows(projectionTables[kind], changes[kind], parameters);
};

interface StoredRunRow extends RunKey {
  readonly version: number;
  readonly position: number;
  readonly record: string;
  readonly parts: PartTexts;
}

/**
 * The projections in PostgreSQL, as the projector writes them. What was read from one generation of the
 * tables is not written to the next: after a switch, `write` throws `ProjectionFencedError` until
 * `progress` was asked again.
 */
export class PostgresProjectionStore implements ProjectionStore, AuditHeadList {
  readonly #database: Database;
  readonly #schema: string;
  #generation = 0;

  /** `schema` holds the generation that is written; default: the one that everybody reads. */
  constructor(database: Database, { schema = liveSchema }: { readonly schema?: string } = {}) {
    this.#database = database;
    this.#schema = schema;
  }

  async progress(): Promise<Progress> {
    const [row] = await this.#database.query<{ projected: number; published: number; generation: number }>({
      text: `select projected, published, generation from ${this.#schema}.projection_position where name = 'main'`,
    });
    if (row === undefined) throw new Error('The projection has no position: the database is not set up');
    this.#generation = row.generation;
    return { projected: toPosition(row.projected), published: toPosition(row.published) };
  }

  async load({ runs, workspaces }: Missing): Promise<Remembered> {
    const [stored, heads, audit_key_id] = await Promise.all([this.#runs(runs), this.#heads(workspaces), this.#auditKeyId()]);
    return { runs: stored.map(restoreRun), heads, audit_key_id };
  }

  async write(changes: RowChanges, { after, published }: { readonly after: Position; readonly published: Position }): Promise<void> {
    const parameters = new ArrayParameters();
    const written = kinds.filter((kind) => changes[kind].length > 0);
    for (const kind of written) addRows(kind, changes, parameters);
    const values = [changes.position, published, after, this.#generation, ...parameters.all()];
    const [result] = await this.#database.query<{ moved: number }>({ ...statementFor(this.#schema, written), values }).catch((error: unknown) => {
      throw refusesRows(error) ? new RowsRefusedError(error instanceof Error ? error.message : String(error), { cause: error }) : error;
    });
    if (result?.moved !== 1) throw new ProjectionFencedError(`the projections are no longer at position ${after} of generation ${this.#generation}`);
  }

  async markPublished(published: Position): Promise<void> {
    await this.#database.query({
      text: `update ${this.#schema}.projection_position set published = $1::bigint where name = 'main' and generation = $2::bigint and published < $1::bigint`, values: [published, this.#generation],
    });
  }

  async archived(from: Position, limit: number): Promise<readonly ArchiveRow[]> {
    const rows = await this.#database.query<StoredArchiveRow>({
      name: `read_archive_${this.#schema}`, text: `select position, subject, body, encoding, problem from ${this.#schema}.archive where position >= $1::bigint order by position limit $2`, values: [from, limit],
    });
    return rows.map(readArchiveRow);
  }

  auditHeads(after: TenantKey | undefined, limit: number): Promise<readonly AuditHead[]> {
    return this.#database.query<AuditHead>({
      name: `read_audit_heads_${this.#schema}`,
      text: `select org_id, workspace_id, deployment_id, seq, record_hash, key_id, segment_start from ${this.#schema}.audit_heads
        where (org_id, workspace_id, deployment_id) > ($1, $2, $3) order by org_id, workspace_id, deployment_id limit $4`,
      values: [after?.org_id ?? '', after?.workspace_id ?? '', after?.deployment_id ?? '', limit],
    });
  }

  #runs(keys: readonly RunKey[]): Promise<readonly StoredRunRow[]> {
    if (keys.length === 0) return Promise.resolve([]);
    return this.#database.query<StoredRunRow>({
      name: `load_runs_${this.#schema}`,
      text: `select org_id, workspace_id, run_id, version, position, record, ${partTexts(rowOfRun('runs'), this.#schema)}
        from unnest($1::text[], $2::text[], $3::text[]) as k (org_id, workspace_id, run_id) join ${this.#schema}.runs as runs using (org_id, workspace_id, run_id)`,
      values: [keys.map(({ org_id }) => org_id), keys.map(({ workspace_id }) => workspace_id), keys.map(({ run_id }) => run_id)],
    });
  }

  #heads(workspaces: Missing['workspaces']): Promise<readonly AuditHead[]> {
    if (workspaces.length === 0) return Promise.resolve([]);
    return this.#database.query<AuditHead>({
      name: `load_audit_heads_${this.#schema}`,
      text: `select org_id, workspace_id, deployment_id, seq, record_hash, key_id, segment_start
        from unnest($1::text[], $2::text[]) as k (org_id, workspace_id) join ${this.#schema}.audit_heads using (org_id, workspace_id)`,
      values: [workspaces.map(({ org_id }) => org_id), workspaces.map(({ workspace_id }) => workspace_id)],
    });
  }

  async #auditKeyId(): Promise<string | null> {
    const [row] = await this.#database.query<{ key_id: string }>({ name: `load_audit_key_${this.#schema}`, text: `select key_id from ${this.#schema}.audit_keys order by position desc limit 1` });
    return row?.key_id ?? null;
  }
}
