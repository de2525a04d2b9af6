import path from 'node:path';

/** Root of the checkout: three folders above the built files of this app. */
const root = path.resolve(import.meta.dirname, '../../..');

export const workspacePaths = {
  tools: path.join(root, '.tools'),
  paymentsScript: path.join(root, 'examples/refund/payments-service.mjs'),
  automations: {
    'refund-order': path.join(root, 'examples/refund/refund.automation.yaml'),
    countdown: path.join(root, 'examples/countdown/countdown.automation.yaml'),
  },
} as const;
