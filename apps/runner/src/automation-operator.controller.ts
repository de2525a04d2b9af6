import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import * as handlers from '@cs/automation-application';
import type { AutomationOptions, Stored } from '@cs/automation-application';
import { deleteAutomation, pauseAutomation, resumeAutomation, shareAutomation, type AutomationRecord, type RpcReply } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { AUTOMATION_OPTIONS } from './tokens.js';

const stored = (result: Result<Stored>): RpcReply<AutomationRecord> => (result.ok ? { ok: true, value: result.value.automation, position: result.value.position } : result);

/** What operators do to automations. */
@Controller()
export class AutomationOperatorController {
  readonly #answers;

  constructor(@Inject(AUTOMATION_OPTIONS) options: AutomationOptions, @Inject(LOGGER) logger: Logger) {
    this.#answers = {
      pause: answerRpc(pauseAutomation, logger, async (payload, context) => stored(await handlers.pauseAutomation(options, context, payload))),
      resume: answerRpc(resumeAutomation, logger, async (payload, context) => stored(await handlers.resumeAutomation(options, context, payload))),
      delete: answerRpc(deleteAutomation, logger, async (payload, context) => stored(await handlers.deleteAutomation(options, context, payload))),
      share: answerRpc(shareAutomation, logger, async (payload, context) => stored(await handlers.shareAutomation(options, context, payload))),
    };
  }

  @MessagePattern(pauseAutomation.subject)
  pause(raw: unknown): Promise<RpcReply<AutomationRecord>> {
    return this.#answers.pause(raw);
  }

  @MessagePattern(resumeAutomation.subject)
  resume(raw: unknown): Promise<RpcReply<AutomationRecord>> {
    return this.#answers.resume(raw);
  }

  @MessagePattern(deleteAutomation.subject)
  delete(raw: unknown): Promise<RpcReply<AutomationRecord>> {
    return this.#answers.delete(raw);
  }

  @MessagePattern(shareAutomation.subject)
  share(raw: unknown): Promise<RpcReply<AutomationRecord>> {
    return this.#answers.share(raw);
  }
}
