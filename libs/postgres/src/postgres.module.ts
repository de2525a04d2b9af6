import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Database, type DatabaseOptions } from './database.js';
import { DATABASE } from './tokens.js';

class ClosingDatabase extends Database implements OnApplicationShutdown {
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** One database for the whole process. */
@Module({})
export class PostgresModule {
  static forRoot(options: DatabaseOptions): DynamicModule {
    return { module: PostgresModule, global: true, providers: [{ provide: DATABASE, useFactory: () => new ClosingDatabase(options) }], exports: [DATABASE] };
  }
}
