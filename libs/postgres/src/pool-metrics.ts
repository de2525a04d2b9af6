import { Gauge, type Registry } from 'prom-client';
import type { Database } from './database.js';

/** Reads the connections of a process to the database whenever somebody asks. */
export const watchPool = (registry: Registry, database: Pick<Database, 'connections'>): void => {
  new Gauge({
    name: 'countersign_postgres_pool', help: 'Connections to PostgreSQL by state: used, idle; and statements that wait for one: waiting', labelNames: ['state'], registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(database.connections())) this.set({ state }, count);
    },
  });
};
