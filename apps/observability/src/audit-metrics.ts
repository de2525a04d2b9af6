import type { AuditVerification } from '@cs/contracts';
import type { Logger } from '@cs/platform';
import type { TenantKey } from '@cs/read-models';
import { Counter, Gauge, type Registry } from 'prom-client';

const shownInLog = 10;

/** What operators see of verifications that somebody asked for. */
export class AuditMetrics {
  readonly #ok: Gauge;
  readonly #violations: Counter;
  readonly #logger: Logger;

  constructor(registry: Registry, logger: Logger) {
    const registers = [registry];
    this.#logger = logger;
    this.#ok = new Gauge({ name: 'countersign_audit_verification_ok', help: '1: the last verification of an audit chain that came to its end found nothing; 0: a later one found something', registers });
    this.#violations = new Counter({ name: 'countersign_audit_violations_total', help: 'Violations that verifications of audit chains found', labelNames: ['kind'], registers });
    this.#ok.set(1);
  }

  note({ org_id, workspace_id, deployment_id }: TenantKey, { verified, violations, violation_count }: AuditVerification): void {
    if (verified) this.#ok.set(1);
    if (violation_count === 0) return;
    this.#ok.set(0);
    for (const { kind } of violations) this.#violations.inc({ kind });
    this.#logger.error({ org_id, workspace_id, deployment_id, violation_count, violations: violations.slice(0, shownInLog) }, 'the audit chain does not hold');
  }
}
