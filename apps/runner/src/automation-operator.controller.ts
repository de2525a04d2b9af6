import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import * as handlers from '@cs/automation-application';
import { consequential, governed, releaseDeleted, type Attempt, type GovernedOptions, type Stored } from '@cs/automation-application';
import { deleteAutomation, pauseAutomation, resumeAutomation, shareAutomation, type AutomationRecord, type RpcReply } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { AUTOMATION_OPTIONS } from './tokens.js';

const stored = (result: Result<Stored>): RpcReply<AutomationRecord> => (result.ok ? { ok: true, value: result.value.automation, position: result.value.position } : result);

const attempt = (action: string, { automation_id }: { readonly automation_id: string }): Attempt => ({ action, resource_kind: 'automation', resource_id: automation_id });

/** What operators do to automations. */
@Controller()
export class AutomationOperatorController {
  readonly #answers;

  constructor(@Inject(AUTOMATION_OPTIONS) options: GovernedOptions, @Inject(LOGGER) logger: Logger) {
    this.#answers = {
      pause: answerRpc(pauseAutomation, logger, async (payload, context) =>
        stored(await governed(options, context, { attempt: attempt('pause', payload), command: () => handlers.pauseAutomation(options, context, payload) }))),
      resume: answerRpc(resumeAutomation, logger, async (payload, context) =>
        stored(await governed(options, context, { attempt: attempt('resume', payload), command: () => handlers.resumeAutomation(options, context, payload) }))),
      delete: answerRpc(deleteAutomation, logger, async (payload, context) =>
        stored(await governed(options, context, {
          attempt: attempt('delete', payload), command: () => releaseDeleted(options, context, { ...payload, command: () => handlers.deleteAutomation(options, context, payload) }),
        }))),
      share: answerRpc(shareAutomation, logger, async (payload, context) =>
        stored(await consequential(options, context, { attempt: attempt('share', payload), command: () => handlers.shareAutomation(options, context, payload) }))),
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
