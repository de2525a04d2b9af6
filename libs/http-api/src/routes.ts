import * as approvalRoutes from './approval-routes.js';
import * as auditRoutes from './audit-routes.js';
import * as automationRoutes from './automation-routes.js';
import * as channelRoutes from './channel-routes.js';
import * as delegationRoutes from './delegation-routes.js';
import * as documentRoutes from './document-routes.js';
import * as governanceRoutes from './governance-routes.js';
import * as handoffRoutes from './handoff-routes.js';
import * as humanRequestRoutes from './human-request-routes.js';
import * as operatorRoutes from './operator-routes.js';
import * as pageRoutes from './page-routes.js';
import type { RouteDefinition } from './route.js';
import * as policyRoutes from './policy-routes.js';
import * as replayRoutes from './replay-routes.js';
import * as recoveryRoutes from './recovery-routes.js';
import * as reliabilityRoutes from './reliability-routes.js';
import * as receiptRoutes from './receipt-routes.js';
import * as runObservabilityRoutes from './run-observability-routes.js';
import * as importRoutes from './import-routes.js';
import * as runRoutes from './run-routes.js';
import * as snapshotRoutes from './snapshot-routes.js';
import * as statefulRoutes from './stateful-routes.js';
import * as webhookRoutes from './webhook-routes.js';
import * as supervisionRoutes from './supervision-routes.js';
import * as waitRoutes from './wait-routes.js';

/** Written out, because the compiler does not serialise an inferred type of this length. */
type Routes = typeof channelRoutes & typeof webhookRoutes & typeof auditRoutes & typeof automationRoutes & typeof governanceRoutes & typeof handoffRoutes & typeof humanRequestRoutes & typeof runRoutes & typeof approvalRoutes & typeof operatorRoutes & typeof snapshotRoutes & typeof importRoutes & typeof statefulRoutes & typeof runObservabilityRoutes & typeof supervisionRoutes & typeof receiptRoutes & typeof recoveryRoutes & typeof reliabilityRoutes & typeof replayRoutes & typeof policyRoutes & typeof delegationRoutes & typeof waitRoutes & typeof pageRoutes & typeof documentRoutes;

/** Every HTTP route by its operation id. A spec of the gateway checks that each has a handler and the reverse. */
export const routes: Routes = { ...channelRoutes, ...webhookRoutes, ...auditRoutes, ...automationRoutes, ...governanceRoutes, ...handoffRoutes, ...humanRequestRoutes, ...runRoutes, ...approvalRoutes, ...operatorRoutes, ...snapshotRoutes, ...importRoutes, ...statefulRoutes, ...runObservabilityRoutes, ...supervisionRoutes, ...receiptRoutes, ...recoveryRoutes, ...reliabilityRoutes, ...replayRoutes, ...policyRoutes, ...delegationRoutes, ...waitRoutes, ...pageRoutes, ...documentRoutes };

export type OperationId = keyof typeof routes;

export const allRoutes: readonly RouteDefinition[] = Object.values(routes);

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const patterns = allRoutes.map(({ path, method }) => ({
  pattern: new RegExp(`^${path.split(/\{[^}]+\}/).map(escape).join('[^/]+')}$`),
  method,
}));

/** Methods that a path takes, sorted; empty for an unknown path. */
export const methodsOfPath = (path: string): readonly string[] =>
  [...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].sort();
