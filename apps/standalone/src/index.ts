export { ApiClient, ApiProblem, type LiveEvent } from './api-client.js';
export { runServices, type RunningServices } from './run-standalone.js';
export { startStandalone, type Standalone } from './standalone.js';
