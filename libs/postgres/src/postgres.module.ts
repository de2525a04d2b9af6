import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { METRICS } from '@cs/platform';
import type { Registry } from 'prom-client';
import { Database, type DatabaseOptions } from './database.js';
import { watchPool } from './pool-metrics.js';
import { DATABASE } from './tokens.js';

class ClosingDatabase extends Database implements OnApplicationShutdown {
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

const open = (options: DatabaseOptions, registry: Registry): Database => {
  const database = new ClosingDatabase(options);
  watchPool(registry, database);
  return database;
};

/** One database for the whole process. Needs PlatformModule. */
@Module({})
export class PostgresModule {
  static forRoot(options: DatabaseOptions): DynamicModule {
    return { module: PostgresModule, global: true, providers: [{ provide: DATABASE, inject: [METRICS], useFactory: (registry: Registry) => open(options, registry) }], exports: [DATABASE] };
  }
}
