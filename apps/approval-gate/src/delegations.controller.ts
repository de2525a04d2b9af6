import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { endDelegation as endHandler, setDelegation as setHandler, type DelegationOptions, type DelegationStored } from '@cs/approval-application';
import { endDelegation, setDelegation, type DelegationRecord, type RpcReply } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { DECIDE_OPTIONS } from './tokens.js';

const answer = (result: Result<DelegationStored>): RpcReply<DelegationRecord> => (result.ok ? { ok: true, value: result.value.delegation, position: result.value.position } : result);

/** Commands on delegations. */
@Controller()
export class DelegationsController {
  readonly #set;
  readonly #end;

  constructor(@Inject(DECIDE_OPTIONS) options: DelegationOptions, @Inject(LOGGER) logger: Logger) {
    this.#set = answerRpc(setDelegation, logger, async (payload, context) => answer(await setHandler(options, context, payload)));
    this.#end = answerRpc(endDelegation, logger, async (payload, context) => answer(await endHandler(options, context, payload)));
  }

  @MessagePattern(setDelegation.subject)
  set(raw: unknown): Promise<RpcReply<DelegationRecord>> {
    return this.#set(raw);
  }

  @MessagePattern(endDelegation.subject)
  end(raw: unknown): Promise<RpcReply<DelegationRecord>> {
    return this.#end(raw);
  }
}
