export { ApprovalGateModule } from './approval-gate.module.js';
export { approvalGateConfigSchema, type ApprovalGateConfig } from './config.js';
