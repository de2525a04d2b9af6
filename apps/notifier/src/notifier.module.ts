import { Module, type DynamicModule } from '@nestjs/common';
import { ChannelCallbacksController } from './channel-callbacks.controller.js';
import { ChannelsController } from './channels.controller.js';
import type { NotifierConfig } from './config.js';
import { notifierProviders } from './notifier-providers.js';
import { NotifierService } from './notifier.service.js';

/** The channel notifier: tells people of gates that open and of decisions, on every channel, and takes what they answer there. */
@Module({})
export class NotifierModule {
  static forRoot(config: NotifierConfig): DynamicModule {
    return { module: NotifierModule, controllers: [ChannelsController, ChannelCallbacksController], providers: [NotifierService, ...notifierProviders(config)] };
  }
}
