import { Module, type DynamicModule } from '@nestjs/common';
import { LOGGER, METRICS, type Logger } from '@cs/platform';
import type { Registry } from 'prom-client';
import type { NotifierConfig } from './config.js';
import { NotificationChannels } from './notification-channels.js';
import { NotifierService } from './notifier.service.js';
import { CHANNELS } from './tokens.js';

/** The channel notifier: tells people of gates that open and of decisions, on every configured channel. */
@Module({})
export class NotifierModule {
  static forRoot(config: NotifierConfig): DynamicModule {
    return {
      module: NotifierModule,
      providers: [
        NotifierService,
        { provide: CHANNELS, inject: [LOGGER, METRICS], useFactory: (logger: Logger, metrics: Registry) => new NotificationChannels(config, { logger, metrics }) },
      ],
    };
  }
}
