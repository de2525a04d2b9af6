import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { decideCompensation as decideHandler, type DecideGateOptions } from '@cs/approval-application';
import { decideCompensation, type ReplyOf, type RpcReply } from '@cs/contracts';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { DECIDE_OPTIONS } from './tokens.js';

type Decided = RpcReply<ReplyOf<typeof decideCompensation>>;

/** Decisions on what undoes effects. */
@Controller()
export class CompensationsController {
  readonly #decide;

  constructor(@Inject(DECIDE_OPTIONS) options: DecideGateOptions, @Inject(LOGGER) logger: Logger) {
    this.#decide = answerRpc(decideCompensation, logger, async (payload, context): Promise<Decided> => {
      const result = await decideHandler(options, context, payload);
      if (result.ok) return { ok: true, value: { run_id: payload.run_id, compensation: result.value.compensation }, position: result.value.position };
      return result.refusal.code === 'ARCHIVE_BEHIND' ? { ...result, retry_after_s: 1 } : result;
    });
  }

  @MessagePattern(decideCompensation.subject)
  decide(raw: unknown): Promise<Decided> {
    return this.#decide(raw);
  }
}
