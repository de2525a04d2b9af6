import type { TenantContext } from '@cs/contracts';

export interface OpenGate {
  readonly automation_id: string;
  readonly run_id: string;
  readonly gate_opening_id: string;
}

/** Gates that wait for a decision, as of a moment ago. */
export interface OpenGates {
  /** A bounded page of one workspace; `next` is absent on the last one. */
  page(tenant: TenantContext, after: string | undefined): Promise<{ readonly gates: readonly OpenGate[]; readonly next?: string }>;
}
