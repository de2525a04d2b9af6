import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { audited, automationVersions, consequential, overrideGuardrails as overrideHandler, recordUsage as usageHandler, type DenialOptions, type OperatorOptions, type Supervised } from '@cs/automation-application';
import { listAutomationVersions, overrideGuardrails, recordUsage, type ReplyOf, type RpcReply, type RunRecord } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { OPERATOR_OPTIONS } from './tokens.js';

const replyOf = (result: Result<Supervised>): RpcReply<RunRecord> => (result.ok ? { ok: true, value: result.value.run, position: result.value.position } : result);

/** Limits and usage of runs, and the versions of automations. */
@Controller()
export class SupervisionController {
  readonly #override;
  readonly #usage;
  readonly #versions;

  constructor(@Inject(OPERATOR_OPTIONS) options: OperatorOptions & DenialOptions, @Inject(LOGGER) logger: Logger) {
    this.#override = answerRpc(overrideGuardrails, logger, async (payload, context) => replyOf(await consequential(options, context, {
      attempt: { action: 'guardrail_override', resource_kind: 'run', resource_id: payload.run_id }, command: () => overrideHandler(options, context, payload),
    })));
    this.#usage = answerRpc(recordUsage, logger, async (payload, context) => replyOf(await audited(options, context, {
      attempt: { action: 'record_usage', resource_kind: 'run', resource_id: payload.run_id }, result: await usageHandler(options, context, payload),
    })));
    this.#versions = answerRpc(listAutomationVersions, logger, async ({ automation_id }, context): Promise<RpcReply<ReplyOf<typeof listAutomationVersions>>> => {
      const result = await automationVersions(options, context, automation_id);
      return result.ok ? { ok: true, value: result.value } : result;
    });
  }

  @MessagePattern(overrideGuardrails.subject)
  override(raw: unknown): Promise<RpcReply<RunRecord>> {
    return this.#override(raw);
  }

  @MessagePattern(recordUsage.subject)
  usage(raw: unknown): Promise<RpcReply<RunRecord>> {
    return this.#usage(raw);
  }

  @MessagePattern(listAutomationVersions.subject)
  versions(raw: unknown): Promise<RpcReply<ReplyOf<typeof listAutomationVersions>>> {
    return this.#versions(raw);
  }
}
