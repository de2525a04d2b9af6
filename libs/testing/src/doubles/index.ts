export { sendCallback, type Callback, type CallbackAnswer } from './callback.js';
export { DoubleServer, type DoubleServerOptions, type RecordedCall } from './double-server.js';
export { jsonAnswer, type DoubleAnswer, type DoubledPlatform, type DoubleRequest, type PageContent } from './doubled-platform.js';
export { FaultPlan, seededRandom, type Fault, type FaultRule } from './fault-plan.js';
export { escapeHtml, hiddenField, pageShell, type PageParts } from './page-shell.js';
export { RateLimit, type RateLimitOptions } from './rate-limit.js';
