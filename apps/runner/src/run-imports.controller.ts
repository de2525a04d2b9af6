import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import * as handlers from '@cs/automation-application';
import { importRunHistory, type RpcReply, type RunImported } from '@cs/contracts';
import type { Eventing } from '@cs/eventing';
import { EVENTING } from '@cs/jetstream';
import { answerRpc, LOGGER, randomId, type Logger } from '@cs/platform';

/** Histories of runs of another system. */
@Controller()
export class RunImportsController {
  readonly #import;

  constructor(@Inject(EVENTING) eventing: Eventing, @Inject(LOGGER) logger: Logger) {
    this.#import = answerRpc(importRunHistory, logger, async (payload, context): Promise<RpcReply<RunImported>> => {
      const result = await handlers.importRunHistory({ eventing, newId: randomId }, context, payload);
      return result.ok ? { ok: true, value: result.value.imported, position: result.value.position } : result;
    });
  }

  @MessagePattern(importRunHistory.subject)
  importHistory(raw: unknown): Promise<RpcReply<RunImported>> {
    return this.#import(raw);
  }
}
