import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { audited, resolveWait as resolveWaitHandler, type DenialOptions, type WakeOptions } from '@cs/automation-application';
import { resolveWait, type ResolvedWait, type RpcReply } from '@cs/contracts';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { WAKE_OPTIONS } from './tokens.js';

/** Commands on the waits of runs. */
@Controller()
export class WaitsController {
  readonly #resolve;

  constructor(@Inject(WAKE_OPTIONS) options: WakeOptions & DenialOptions, @Inject(LOGGER) logger: Logger) {
    this.#resolve = answerRpc(resolveWait, logger, async (payload, context): Promise<RpcReply<ResolvedWait>> => {
      const result = await audited(options, context, {
        attempt: { action: 'resolve_wait', resource_kind: 'run', resource_id: payload.run_id }, result: await resolveWaitHandler(options, context, payload),
      });
      if (!result.ok) return result;
      const { position, ...value } = result.value;
      return { ok: true, value, position };
    });
  }

  @MessagePattern(resolveWait.subject)
  resolve(raw: unknown): Promise<RpcReply<ResolvedWait>> {
    return this.#resolve(raw);
  }
}
