import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { createGoverned, governed, launchGoverned, patchAutomation as patchAutomationHandler, type GovernedOptions, type Stored } from '@cs/automation-application';
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

  constructor(@Inject(AUTOMATION_OPTIONS) options: GovernedOptions, @Inject(LOGGER) logger: Logger) {
    this.#create = answerRpc(createAutomation, logger, async (payload, context) => stored(await createGoverned(options, context, payload)));
    this.#patch = answerRpc(patchAutomation, logger, async (payload, context) =>
      stored(await governed(options, context, { attempt: { action: 'patch', resource_kind: 'automation', resource_id: payload.automation_id }, command: () => patchAutomationHandler(options, context, payload) })));
    this.#runNow = answerRpc(runNow, logger, async (payload, context): Promise<RpcReply<RunRecord>> => {
      const result = await launchGoverned(options, context, payload);
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
