export { Database, type DatabaseOptions, type Statement } from './database.js';
export { lead, type Leadership } from './leadership.adapter.js';
export { migrate } from './migrate.js';
export { PostgresModule } from './postgres.module.js';
export { PostgresProjectionQueries } from './projection-queries.adapter.js';
export { PostgresProjectionStore } from './projection-store.adapter.js';
export { PostgresAuditQueries, PostgresServiceQueries } from './service-queries.adapter.js';
export { isUnavailable } from './sql-state.js';
export { DATABASE } from './tokens.js';
