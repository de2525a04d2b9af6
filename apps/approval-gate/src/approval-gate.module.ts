import { Module, type DynamicModule } from '@nestjs/common';
import type { DecideGateOptions } from '@cs/approval-application';
import { DefinitionLibrary } from '@cs/automation-application';
import type { Eventing, ProjectionProgress } from '@cs/eventing';
import { EVENTING, PROJECTION_PROGRESS } from '@cs/jetstream';
import { randomId } from '@cs/platform';
import { ApprovalGateController } from './approval-gate.controller.js';
import type { ApprovalGateConfig } from './config.js';
import { DECIDE_OPTIONS } from './tokens.js';

/** The approval gate: who may decide what, once. */
@Module({})
export class ApprovalGateModule {
  static forRoot(config: ApprovalGateConfig): DynamicModule {
    return {
      module: ApprovalGateModule,
      controllers: [ApprovalGateController],
      providers: [
        {
          provide: DECIDE_OPTIONS, inject: [EVENTING, PROJECTION_PROGRESS],
          useFactory: (eventing: Eventing, progress: ProjectionProgress): DecideGateOptions => ({
            eventing, progress, newId: randomId, definitions: new DefinitionLibrary(eventing), archiveTimeoutMs: config.ARCHIVE_TIMEOUT_MS,
          }),
        },
      ],
    };
  }
}
