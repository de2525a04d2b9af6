// The plan of a statement as the services execute it: prepared, and the same for every value.
const literal = (value) => {
  if (value === null || value === undefined) return 'null';
  const text = Array.isArray(value) ? `{${value.map((item) => `"${String(item).replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}` : String(value);
  return `'${text.replaceAll("'", "''")}'`;
};

/**
 * What EXPLAIN (ANALYZE) with these options answers, as rows. Executed twice: what the first reads from disk is not what the plan costs.
 * `database` has one connection, where the prepared statement is.
 */
export const explain = async (database, { text, values = [] }, options = 'buffers') => {
  await database.query({ text: `prepare explained as ${text}` });
  try {
    const explained = { text: `explain (analyze, ${options}) execute explained${values.length === 0 ? '' : ` (${values.map(literal).join(', ')})`}` };
    await database.query(explained);
    return (await database.query(explained)).map((row) => row['QUERY PLAN']);
  } finally {
    await database.query({ text: 'deallocate explained' });
  }
};
