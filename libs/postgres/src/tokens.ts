/** Injection token of the database that a process uses. */
export const DATABASE = Symbol('DATABASE');
