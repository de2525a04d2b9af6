import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { beginAuditExport, listAuditAnchors, listAuditRecords, readAuditExport, type CallContext, type ReplyOf, type RpcReply } from '@cs/contracts';
import { showAuditRecord, type AuditScope, type Reader } from '@cs/read-models';
import { beginExport, readAnchors, readExport, type ExportSources } from './audit-export.js';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { EXPORT_SOURCES, READS } from './tokens.js';

/** People who are not restricted to what they see read all; everybody else what they did themselves. */
const scopeOf = ({ viewer_keys, ...tenant }: Reader, { actor, tenant: { source } }: CallContext): AuditScope => ({
  ...tenant, with_untagged: source === 'local_implicit',
  ...(viewer_keys === undefined && actor.kind === 'human' ? {} : { only_actor: { kind: actor.kind, actor_id: actor.actor_id ?? '' } }),
});

/** Records of the audit: lists for people, exports for administrators. */
@Controller()
export class AuditReadsController {
  readonly #records;
  readonly #begin;
  readonly #read;
  readonly #anchors;

  constructor(@Inject(READS) reads: Reads, @Inject(EXPORT_SOURCES) sources: ExportSources) {
    this.#records = reads.answer(listAuditRecords, async (payload, reader, context) => {
      const page = pageOf(payload);
      return page ? toAnswer(await sources.reads.records(scopeOf(reader, context), payload, page), showAuditRecord) : invalidCursor();
    });
    this.#begin = reads.answer(beginAuditExport, ({ filter }, _reader, context) => beginExport(sources, context, filter));
    this.#read = reads.answer(readAuditExport, (payload, _reader, context) => readExport(sources, context, payload));
    this.#anchors = reads.answer(listAuditAnchors, ({ after }, _reader, context) => readAnchors(sources, context, after));
  }

  @MessagePattern(listAuditRecords.subject)
  records(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listAuditRecords>>> {
    return this.#records(raw);
  }

  @MessagePattern(beginAuditExport.subject)
  begin(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof beginAuditExport>>> {
    return this.#begin(raw);
  }

  @MessagePattern(readAuditExport.subject)
  read(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof readAuditExport>>> {
    return this.#read(raw);
  }

  @MessagePattern(listAuditAnchors.subject)
  anchors(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listAuditAnchors>>> {
    return this.#anchors(raw);
  }
}
