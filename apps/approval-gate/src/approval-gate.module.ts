import { Module, type DynamicModule } from '@nestjs/common';
import type { DecideGateOptions, ReceiptOptions } from '@cs/approval-application';
import { DefinitionLibrary } from '@cs/automation-application';
import type { Eventing, ProjectionProgress } from '@cs/eventing';
import { EVENTING, PROJECTION_PROGRESS } from '@cs/jetstream';
import { randomId } from '@cs/platform';
import { readFile } from 'node:fs/promises';
import { ApprovalGateController } from './approval-gate.controller.js';
import { CompensationsController } from './compensations.controller.js';
import { DelegationsController } from './delegations.controller.js';
import type { ApprovalGateConfig } from './config.js';
import { JwsReceiptSigner } from './receipt-signer.adapter.js';
import { HumanRequestsController } from './human-requests.controller.js';
import { ReceiptsController } from './receipts.controller.js';
import { DECIDE_OPTIONS, RECEIPT_OPTIONS } from './tokens.js';

const openSigner = async ({ COUNTERSIGN_RECEIPT_KEYS_FILE: file, COUNTERSIGN_RECEIPT_ISSUER: issuer }: ApprovalGateConfig): Promise<JwsReceiptSigner | undefined> =>
  file === undefined ? undefined : await JwsReceiptSigner.of(await readFile(file, 'utf8'), issuer);

/** The approval gate: who may decide what, once. */
@Module({})
export class ApprovalGateModule {
  static forRoot(config: ApprovalGateConfig): DynamicModule {
    return {
      module: ApprovalGateModule,
      controllers: [ApprovalGateController, CompensationsController, DelegationsController, HumanRequestsController, ReceiptsController],
      providers: [
        {
          provide: RECEIPT_OPTIONS, inject: [EVENTING],
          useFactory: async (eventing: Eventing): Promise<ReceiptOptions> => ({ store: eventing.store, definitions: new DefinitionLibrary(eventing), signer: await openSigner(config) }),
        },
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
