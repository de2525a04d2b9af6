import { ProjectionUnavailableError } from '@cs/read-models';
import type { Database, Statement } from './database.js';
import { isUnavailable } from './sql-state.js';

/** A query whose caller is told apart a database that is away (`ProjectionUnavailableError`) from a defect. */
export const askDatabase = async <Row>(database: Database, statement: Statement): Promise<readonly Row[]> => {
  try {
    return await database.query<Row>(statement);
  } catch (error) {
    throw isUnavailable(error) ? new ProjectionUnavailableError('the projections cannot be read now', { cause: error }) : error;
  }
};
