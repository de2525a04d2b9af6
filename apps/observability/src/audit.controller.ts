import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { verifyAudit, type AuditVerification, type RpcReply } from '@cs/contracts';
import { sha256Hex } from '@cs/platform';
import type { AuditQueries } from '@cs/read-models';
import { verifyAuditOf } from './audit-verification.js';
import type { Reads } from './reads.js';
import { AUDIT_QUERIES, READS } from './tokens.js';

/** The protected audit of a tenant. */
@Controller()
export class AuditController {
  readonly #verify;

  constructor(@Inject(READS) reads: Reads, @Inject(AUDIT_QUERIES) queries: AuditQueries) {
    this.#verify = reads.answer(verifyAudit, async (_payload, tenant) => ({ ok: true, value: await verifyAuditOf(tenant, queries, sha256Hex) }));
  }

  @MessagePattern(verifyAudit.subject)
  verify(@Payload() raw: unknown): Promise<RpcReply<AuditVerification>> {
    return this.#verify(raw);
  }
}
