import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { issueReceipts, type ReceiptOptions } from '@cs/approval-application';
import { getReceiptKeys, listReceipts, type ReplyOf, type RpcReply } from '@cs/contracts';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { RECEIPT_OPTIONS } from './tokens.js';

/** Receipts of decisions, and the keys to check them with. */
@Controller()
export class ReceiptsController {
  readonly #list;
  readonly #keys;

  constructor(@Inject(RECEIPT_OPTIONS) options: ReceiptOptions, @Inject(LOGGER) logger: Logger) {
    this.#list = answerRpc(listReceipts, logger, async ({ run_id }, context): Promise<RpcReply<ReplyOf<typeof listReceipts>>> => {
      const result = await issueReceipts(options, context, run_id);
      return result.ok ? { ok: true, value: { receipts: result.value } } : result;
    });
    const keys = options.signer?.publicKeys() ?? { keys: [] };
    this.#keys = answerRpc(getReceiptKeys, logger, (): Promise<RpcReply<ReplyOf<typeof getReceiptKeys>>> => Promise.resolve({ ok: true, value: keys }));
  }

  @MessagePattern(listReceipts.subject)
  list(raw: unknown): Promise<RpcReply<ReplyOf<typeof listReceipts>>> {
    return this.#list(raw);
  }

  @MessagePattern(getReceiptKeys.subject)
  keys(raw: unknown): Promise<RpcReply<ReplyOf<typeof getReceiptKeys>>> {
    return this.#keys(raw);
  }
}
