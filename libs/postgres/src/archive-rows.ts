import type { ArchiveRow } from '@cs/read-models';

/** A row of the archive as it stands in the table: PostgreSQL's text has no NUL, so a body that has one is encoded. */
export interface StoredArchiveRow extends ArchiveRow {
  readonly encoding: string;
}

export const readArchiveRow = ({ position, subject, body, encoding, problem }: StoredArchiveRow): ArchiveRow => ({
  position, subject, body: encoding === 'base64' ? Buffer.from(body, 'base64').toString('utf8') : body, problem,
});
