/** Five characters that say what went wrong (PostgreSQL manual, appendix A); `undefined` when the server did not answer. */
export const sqlStateOf = (error: unknown): string | undefined => {
  if (typeof error !== 'object' || error === null || !('severity' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
};

/** The rows themselves are at fault (data exception, integrity, program limit): offering them again does not help. */
export const refusesRows = (error: unknown): boolean => {
  const state = sqlStateOf(error);
  return state !== undefined && ['22', '23', '54'].includes(state.slice(0, 2));
};

const lostConnection = /connection terminated|connection timeout|query read timeout|timeout exceeded when trying to connect|client has encountered a connection error|not queryable/i;

/** The server did not answer: the network's error, or the driver's about its connection. */
const isUnanswered = (error: object): boolean =>
  ('code' in error && typeof error.code === 'string') || ('message' in error && typeof error.message === 'string' && lostConnection.test(error.message));

/**
 * The database cannot do this now: it is away, starting, stopping, out of resources, read-only, or not
 * set up yet.
 */
export const isUnavailable = (error: unknown): boolean => {
  const state = sqlStateOf(error);
  if (state === undefined) return typeof error === 'object' && error !== null && isUnanswered(error);
  return ['08', '25', '28', '40', '53', '55', '57', '58', '3D', '3F'].includes(state.slice(0, 2)) || state === '42P01' || state === '42703';
};
