import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { decideGate as decideGateHandler, type DecideGateOptions } from '@cs/approval-application';
import { decideGate, type RpcReply, type RunRecord } from '@cs/contracts';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { DECIDE_OPTIONS } from './tokens.js';

/** Decisions on gates. */
@Controller()
export class ApprovalGateController {
  readonly #decide;

  constructor(@Inject(DECIDE_OPTIONS) options: DecideGateOptions, @Inject(LOGGER) logger: Logger) {
    this.#decide = answerRpc(decideGate, logger, async (payload, context): Promise<RpcReply<RunRecord>> => {
      const result = await decideGateHandler(options, context, payload);
      if (result.ok) return { ok: true, value: result.value.run, position: result.value.position };
      return result.refusal.code === 'ARCHIVE_BEHIND' ? { ...result, retry_after_s: 1 } : result;
    });
  }

  @MessagePattern(decideGate.subject)
  decide(raw: unknown): Promise<RpcReply<RunRecord>> {
    return this.#decide(raw);
  }
}
