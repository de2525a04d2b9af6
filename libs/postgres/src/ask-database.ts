import { ProjectionUnavailableError } from '@cs/read-models';
import type { Database, Statement } from './database.js';
import { isUnavailable } from './sql-state.js';

/** PostgreSQL takes no text with a NUL, so nothing that is stored equals one: a character that no text has stands for it. */
const asked = (value: unknown): unknown => {
  if (typeof value === 'string') return value.replaceAll('\0', '\uffff');
  return Array.isArray(value) ? value.map(asked) : value;
};

/** A query whose caller is told apart a database that is away (`ProjectionUnavailableError`) from a defect. */
export const askDatabase = async <Row>(database: Database, statement: Statement): Promise<readonly Row[]> => {
  try {
    return await database.query<Row>(statement.values === undefined ? statement : { ...statement, values: statement.values.map(asked) });
  } catch (error) {
    throw isUnavailable(error) ? new ProjectionUnavailableError('the projections cannot be read now', { cause: error }) : error;
  }
};
