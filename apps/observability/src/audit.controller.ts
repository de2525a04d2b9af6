import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { verifyAudit, type AuditVerification, type RpcReply } from '@cs/contracts';
import { AuditMetrics } from './audit-metrics.js';
import { verifyAuditOf, type VerificationSources } from './audit-verification.js';
import type { Reads } from './reads.js';
import { READS, VERIFICATION_SOURCES } from './tokens.js';
import { parseCheckpoint } from './verification-step.js';

/** The protected audit of a tenant. */
@Controller()
export class AuditController {
  readonly #verify;

  constructor(@Inject(READS) reads: Reads, @Inject(VERIFICATION_SOURCES) sources: VerificationSources, metrics: AuditMetrics) {
    this.#verify = reads.answer(verifyAudit, async ({ checkpoint }, tenant) => {
      const value = await verifyAuditOf(tenant, sources, checkpoint === undefined ? undefined : parseCheckpoint(checkpoint));
      metrics.note(tenant, value);
      return { ok: true, value };
    });
  }

  @MessagePattern(verifyAudit.subject)
  verify(@Payload() raw: unknown): Promise<RpcReply<AuditVerification>> {
    return this.#verify(raw);
  }
}
