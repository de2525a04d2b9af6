import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { answerQuestion as answerQuestionHandler, respondEscalation as respondEscalationHandler, type HumanRequestOptions } from '@cs/approval-application';
import { answerQuestion, respondEscalation, type AnsweredQuestion, type RpcReply, type RunRecord } from '@cs/contracts';
import type { Refusal } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { DECIDE_OPTIONS } from './tokens.js';

const refusalReply = (refusal: Refusal): RpcReply<never> => ({ ok: false, refusal, ...(refusal.code === 'ARCHIVE_BEHIND' ? { retry_after_s: 1 } : {}) });

/** Answers to questions, and responses to escalations. */
@Controller()
export class HumanRequestsController {
  readonly #answer;
  readonly #respond;

  constructor(@Inject(DECIDE_OPTIONS) options: HumanRequestOptions, @Inject(LOGGER) logger: Logger) {
    this.#answer = answerRpc(answerQuestion, logger, async (payload, context): Promise<RpcReply<AnsweredQuestion>> => {
      const result = await answerQuestionHandler(options, context, payload);
      if (!result.ok) return refusalReply(result.refusal);
      const { position, ...answered } = result.value;
      return { ok: true, value: answered, position };
    });
    this.#respond = answerRpc(respondEscalation, logger, async (payload, context): Promise<RpcReply<RunRecord>> => {
      const result = await respondEscalationHandler(options, context, payload);
      return result.ok ? { ok: true, value: result.value.run, position: result.value.position } : refusalReply(result.refusal);
    });
  }

  @MessagePattern(answerQuestion.subject)
  answer(raw: unknown): Promise<RpcReply<AnsweredQuestion>> {
    return this.#answer(raw);
  }

  @MessagePattern(respondEscalation.subject)
  respond(raw: unknown): Promise<RpcReply<RunRecord>> {
    return this.#respond(raw);
  }
}
