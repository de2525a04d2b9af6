import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import {
  createAutomation as createAutomationHandler, patchAutomation as patchAutomationHandler, requestRun, type AutomationOptions, type RequestRunOptions, type Stored,
} from '@cs/automation-application';
import { createAutomation, patchAutomation, runNow, type AutomationRecord, type RpcReply, type RunRecord } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { AUTOMATION_OPTIONS } from './tokens.js';

const stored = (result: Result<Stored>): RpcReply<AutomationRecord> =>
  result.ok ? { ok: true, value: result.value.automation, position: result.value.position } : result;

/** Commands on automations and runs. */
@Controller()
export class RunnerController {
  readonly #create;
  readonly #patch;
  readonly #runNow;

  constructor(@Inject(AUTOMATION_OPTIONS) options: AutomationOptions & RequestRunOptions, @Inject(LOGGER) logger: Logger) {
    this.#create = answerRpc(createAutomation, logger, async ({ definition }, context) => stored(await createAutomationHandler(options, context, definition)));
    this.#patch = answerRpc(patchAutomation, logger, async (payload, context) => stored(await patchAutomationHandler(options, context, payload)));
    this.#runNow = answerRpc(runNow, logger, async (payload, context): Promise<RpcReply<RunRecord>> => {
      const result = await requestRun(options, context, payload);
      return result.ok ? { ok: true, value: result.value.run, position: result.value.position } : result;
    });
  }

  @MessagePattern(createAutomation.subject)
  createAutomation(raw: unknown): Promise<RpcReply<AutomationRecord>> {
    return this.#create(raw);
  }

  @MessagePattern(patchAutomation.subject)
  patchAutomation(raw: unknown): Promise<RpcReply<AutomationRecord>> {
    return this.#patch(raw);
  }

  @MessagePattern(runNow.subject)
  runNow(raw: unknown): Promise<RpcReply<RunRecord>> {
    return this.#runNow(raw);
  }
}
