import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { approveHandoff as approveHandler, audited, depositHandoff as depositHandler, type HandoffOptions, type HandoffStored } from '@cs/automation-application';
import { approveHandoff, depositHandoff, type HandoffRecord, type RpcReply } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { HANDOFF_OPTIONS } from './tokens.js';

const answer = (result: Result<HandoffStored>): RpcReply<HandoffRecord> => (result.ok ? { ok: true, value: result.value.handoff, position: result.value.position } : result);

/** Commands on handoffs. */
@Controller()
export class HandoffsController {
  readonly #deposit;
  readonly #approve;

  constructor(@Inject(HANDOFF_OPTIONS) options: HandoffOptions, @Inject(LOGGER) logger: Logger) {
    this.#deposit = answerRpc(depositHandoff, logger, async (payload, context) => answer(await audited(options, context, {
      attempt: { action: 'deposit_handoff', resource_kind: 'automation', resource_id: payload.automation_id }, result: await depositHandler(options, context, payload),
    })));
    this.#approve = answerRpc(approveHandoff, logger, async (payload, context) => answer(await audited(options, context, {
      attempt: { action: 'approve_handoff', resource_kind: 'automation', resource_id: payload.automation_id }, result: await approveHandler(options, context, payload),
    })));
  }

  @MessagePattern(depositHandoff.subject)
  deposit(raw: unknown): Promise<RpcReply<HandoffRecord>> {
    return this.#deposit(raw);
  }

  @MessagePattern(approveHandoff.subject)
  approve(raw: unknown): Promise<RpcReply<HandoffRecord>> {
    return this.#approve(raw);
  }
}
